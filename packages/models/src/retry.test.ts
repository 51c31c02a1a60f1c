import { ModelError } from '@millrace/contracts';
import { decideRetry, maxRetryAfterMs } from './retry.js';

const busy = (retryAfterMs?: number) =>
  new ModelError('InvokeRateLimitError', 'busy', { transient: true, retryAfterMs });
const base = { failure: busy(), attempt: 1, maxRetries: 2, streamed: false, random: 1 };

describe('decideRetry', () => {
  it.each<[string, Partial<typeof base>, number | undefined]>([
    ['the first wait', {}, 500],
    ['half of it at least', { random: 0 }, 250],
    ['twice as long the second time', { attempt: 2 }, 1000],
    ['never longer than 8 s', { attempt: 9, maxRetries: 9 }, 8000],
    ['as long as the provider asks', { failure: busy(3000) }, 3000],
    ['not below the own wait', { failure: busy(1) }, 500],
    ['no wait that is too long', { failure: busy(maxRetryAfterMs + 1) }, undefined],
    ['not after text', { streamed: true }, undefined],
    ['not when used up', { attempt: 3 }, undefined],
    ['not when switched off', { maxRetries: 0 }, undefined],
    ['not what stays wrong', { failure: new ModelError('InvokeBadRequestError', 'no') }, undefined],
  ])('%s', (_, change, expected) => expect(decideRetry({ ...base, ...change })).toBe(expected));
});
