/** Entry point of `npx millrace`. */
import { reasonOf, say } from './say.js';
import { createCommands } from './commands.js';

try {
  await createCommands().parseAsync();
} catch (error) {
  say(reasonOf(error));
  process.exitCode = 1;
}
