import { supportedNodeTypes as executable } from '@millrace/nodes';
import { supportedNodeTypes } from './supported-node-types.js';

describe('supported node types', () => {
  it('are those that workers have executors for', () => {
    expect([...supportedNodeTypes].sort()).toEqual([...executable].sort());
  });
});
