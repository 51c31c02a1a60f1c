/** Entry point of `npm start` (after scripts/start.mjs has installed and built). */
import { launcherEnv } from './env.js';
import { Installation, StartInterrupted } from './launcher/launch.js';
import { reasonOf, say } from './say.js';

let ending: Promise<void> | undefined;

try {
  const installation = new Installation(launcherEnv());
  const end = (reason: string) => {
    // Ctrl-C arrives twice, from the terminal and from npm.
    ending ??= (async () => {
      say(`${reason}: ending everything in order.`);
      await installation.end();
      process.exit(0);
    })().catch((error: unknown) => {
      say(`Ending failed: ${reasonOf(error)}`);
      process.exit(1);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal));
  // scripts/start.mjs holds the other end of this channel.
  process.on('disconnect', () => end('The starting process is gone'));
  process.stdout.on('error', () => end('Standard output was closed'));

  try {
    const ready = await installation.start();
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    say(`Millrace is ready at ${ready.url}. Press Ctrl-C to end it.`);
  } catch (error) {
    if (!(error instanceof StartInterrupted)) {
      say(`Millrace could not start. ${reasonOf(error)}`);
      await installation.end();
      process.exit(1);
    }
  }
} catch (error) {
  say(reasonOf(error));
  process.exitCode = 1;
}
