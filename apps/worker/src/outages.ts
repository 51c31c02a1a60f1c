import { Outage } from '@millrace/contracts';
import { isUnavailable } from '@millrace/store';

type Port = Record<string, (...args: never[]) => Promise<unknown>>;

/** A port of the store as nodes use it: that Postgres is away is an outage, not a mistake of the node that asked. */
export function namingOutages<P extends Port>(port: P): P {
  const named = Object.entries(port).map(([name, method]) => {
    const call = async (...args: never[]): Promise<unknown> => {
      try {
        return await method(...args);
      } catch (error) {
        if (isUnavailable(error)) throw new Outage('PostgreSQL cannot be reached', { cause: error });
        throw error;
      }
    };
    return [name, call];
  });
  return Object.fromEntries(named) as P;
}
