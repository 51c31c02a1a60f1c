/** What a command of the tests inherits of this process's environment. */
export const inheritedEnv = (): Record<string, string> => ({ PATH: process.env['PATH'] ?? '' });
