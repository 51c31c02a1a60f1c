/** Where programs are found, for child processes that get an environment of their own. */
export const searchPath = (): string => process.env['PATH'] ?? '';

/** The whole environment, for children that go on in this process's place. */
export const wholeEnv = (): NodeJS.ProcessEnv => process.env;
