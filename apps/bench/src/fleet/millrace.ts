import type { ScenarioName } from '../scenarios.js';
import type { MeasuredSystem } from './system.js';

export function startMillrace(
  _dir: string,
  _scenario: ScenarioName,
  _target: string,
  _options: { traced: boolean },
): Promise<MeasuredSystem> {
  return Promise.reject(new Error('not yet'));
}
