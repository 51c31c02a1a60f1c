import { newRunId } from '@millrace/contracts';
import { eventSourceSuite } from './event-source-suite.js';
import { createMemoryStreams } from './memory-streams.js';

eventSourceSuite('event streams in memory', () => {
  const { source, append } = createMemoryStreams();
  return {
    source,
    append: (run, id, event) => append(run, id, event),
    run: () => ({ runId: newRunId(1_770_000_000_000), shard: 0 }),
  };
});
