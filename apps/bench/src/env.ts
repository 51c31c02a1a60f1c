/** What the bench takes from its environment: where to keep data, and what children inherit. */
export const benchEnv = {
  path: process.env.PATH ?? '',
  /** Folder for the data of the servers; default: a temporary one, removed at the end. */
  dataDir: process.env.BENCH_DATA_DIR,
};

/** Variables that the bench hands to its own child processes. */
export const childEnv = (name: 'FLOOR_PORT' | 'FLOOR_REDIS_URL' | 'FLOOR_SCENARIO' | 'FLOOR_TARGET'): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};
