import type { Claim } from '@millrace/contracts';
import { ClaimAborted, createClaims } from './claims.js';

const claim = (runId: string): Claim => ({ runId, shard: 0, address: { frame: 0, node: 1 }, token: `t-${runId}` });

describe('claims', () => {
  it('aborts what no longer stands and keeps the rest', async () => {
    const claims = createClaims({
      renew: (_shard, _leaseMs, held) => Promise.resolve(held.map(({ runId }) => runId === 'a')),
    });
    const [a, b] = [claims.hold(claim('a')), claims.hold(claim('b'))];
    await claims.renew(1000);
    expect(a.signal.aborted).toBe(false);
    expect(b.signal.reason).toEqual(new ClaimAborted('lost'));
  });

  it('leaves alone a claim that was settled while its renewal was under way', async () => {
    let answer: (standing: boolean[]) => void = () => undefined;
    const claims = createClaims({ renew: () => new Promise((resolve) => (answer = resolve)) });
    const a = claims.hold(claim('a'));
    const renewing = claims.renew(1000);
    a.release();
    answer([false]);
    await renewing;
    expect(a.signal.aborted).toBe(false);
    expect(claims.size()).toBe(0);
  });

  it('aborts every node of an ended run', () => {
    const claims = createClaims({ renew: () => Promise.resolve([]) });
    const [a, b] = [claims.hold(claim('a')), claims.hold(claim('b'))];
    claims.abortRun('a');
    expect([a.signal.aborted, b.signal.aborted]).toEqual([true, false]);
  });
});
