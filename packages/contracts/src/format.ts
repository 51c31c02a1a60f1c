/**
 * Format of a run while it lives: of its jobs and of its state, events and ledger entries in Redis. It rises when a
 * change of those would be misread by the release before. A run keeps the format it was started in.
 *
 * F1: what is written is read by the release before as well: a release that reads a new format writes the old one, and only the
 * next release writes it. So neighbouring releases work on the same runs, in a rolling upgrade and back again.
 * F2: a run of a format that a process does not know (a release was left out) is left to those that know it: handed back, never
 * failed (docs/upgrade.md).
 */
export const runFormat = {
  /** Formats that are read; state without a format is of format 1. */
  oldest: 1,
  newest: 1,
  /** Format of runs that are started here. */
  written: 1,
};

export const knowsFormat = (format: number): boolean => format >= runFormat.oldest && format <= runFormat.newest;

/** A run that only another release understands. Says nothing about the run: it goes on elsewhere. */
export class OtherRelease extends Error {
  override readonly name = 'OtherRelease';
  constructor(what: string) {
    super(
      `${what} belongs to another release of Millrace and is left to it ` +
        `(this one reads run formats ${runFormat.oldest} to ${runFormat.newest})`,
    );
  }
}
