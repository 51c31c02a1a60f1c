import type { Redis } from 'ioredis';
import type { ScenarioName } from '../scenarios.js';
import type { Watched } from '../measure/processes.js';

/** A running system that takes the load: the floor or Millrace. */
export interface MeasuredSystem {
  name: string;
  /** The work that its answers are checked for. */
  scenario: ScenarioName;
  /** Where runs are posted, with which headers. */
  url: string;
  headers: Record<string, string>;
  /** Its processes, by the name they are reported under. */
  processes: Watched;
  redis: Redis;
  /** Statements Postgres has executed so far; absent without Postgres. */
  statements?: () => Promise<number>;
  /** Resolves when work that goes on after the answers (history) is done. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}
