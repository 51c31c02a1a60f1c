import { ModelError, type ModelAnswer, type ModelErrorType, type ModelRequest } from '@millrace/contracts';
import { createMetrics } from '@millrace/telemetry';
import { observeModels } from './model-metrics.js';

const answer = {
  text: 'x',
  finishReason: 'stop',
  usage: { prompt_tokens: 7, completion_tokens: 5, total_price: '0.0125000', time_to_first_token: 0.2 },
} as unknown as ModelAnswer;

const ask = (provider: string, model: string, signal = new AbortController().signal): ModelRequest => ({
  ...{ tenantId: 't', provider, model, mode: 'chat', messages: [], params: {}, signal, executionId: 'e' },
});

/** Calls that end as they are told, and the lines of the metrics that came of them. */
function setUp(invoke: (request: ModelRequest) => Promise<ModelAnswer>) {
  const metrics = createMetrics({ service: 'worker' });
  const models = observeModels({ invoke }, metrics);
  return {
    call: (request: ModelRequest) => models.invoke(request).catch((error: unknown) => error),
    async lines(pattern: RegExp): Promise<string[]> {
      const { body } = await metrics.text();
      return body.split('\n').filter((line) => pattern.test(line) && !line.startsWith('#'));
    },
  };
}

const failing = (type: ModelErrorType) => () => Promise.reject(new ModelError(type, 'no'));

describe('the metrics of models', () => {
  it('count calls, tokens and price by the short name of the provider', async () => {
    const { call, lines } = setUp(() => Promise.resolve(answer));
    await call(ask('langgenius/openai/openai', 'm'));
    await call(ask('openai', 'm'));
    const labels = 'provider="openai",model="m"';
    expect(await lines(/_tokens_total|_price_usd_total/)).toEqual([
      `millrace_model_tokens_total{${labels},direction="input",service="worker"} 14`,
      `millrace_model_tokens_total{${labels},direction="output",service="worker"} 10`,
      `millrace_model_price_usd_total{${labels},service="worker"} 0.025`,
    ]);
    expect(await lines(/model_duration_seconds_count.*outcome="ok"/)).toHaveLength(1);
    expect(await lines(/first_token_seconds_sum/)).toEqual([expect.stringMatching(/ 0\.4$/)]);
  });

  it('count failures by kind, and pass them on', async () => {
    const { call, lines } = setUp(failing('InvokeRateLimitError'));
    expect(await call(ask('openai', 'm'))).toBeInstanceOf(ModelError);
    expect(await lines(/_errors_total/)).toEqual([
      'millrace_model_errors_total{provider="openai",model="m",error="InvokeRateLimitError",service="worker"} 1',
    ]);
    expect(await lines(/_duration_seconds_count/)).toEqual([expect.stringContaining('outcome="error"')]);
  });

  it('give no label to a name that was never seen to work (M2)', async () => {
    const { call, lines } = setUp(failing('ModelNotExistError'));
    for (let i = 0; i < 5; i++) await call(ask('openai', `made-up-${i}`));
    expect(await lines(/_errors_total/)).toEqual([
      'millrace_model_errors_total{provider="other",model="other",error="ModelNotExistError",service="worker"} 5',
    ]);
  });

  it('are bounded, however many models there are (M2)', async () => {
    const { call, lines } = setUp(() => Promise.resolve(answer));
    for (let i = 0; i < 150; i++) await call(ask('openai', `model-${i}`));
    expect(await lines(/_price_usd_total/)).toHaveLength(101);
  });

  it('take a stopped call for no error of the model', async () => {
    const stopping = new AbortController();
    const { call, lines } = setUp(({ signal }) => {
      stopping.abort(new Error('stopped'));
      return Promise.reject(signal.reason as Error);
    });
    await call(ask('openai', 'm', stopping.signal));
    expect(await lines(/_errors_total/)).toEqual([]);
    expect(await lines(/_duration_seconds_count/)).toEqual([expect.stringContaining('outcome="aborted"')]);
  });
});
