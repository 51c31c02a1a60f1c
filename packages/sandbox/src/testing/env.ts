import { plantedSecret } from './attack.js';

/** Puts the secret where a cage that leaks its process's environment would show it. */
export const plantSecret = (): void => {
  process.env['MILLRACE_PLANTED'] = plantedSecret;
};
