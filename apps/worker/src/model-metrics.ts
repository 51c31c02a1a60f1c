import { ModelError, type ModelInvoker, type ModelRequest } from '@millrace/contracts';
import { shortProviderName } from '@millrace/models';
import { activeExemplar, catalogue, createBoundedLabel, otherLabel, type Metrics } from '@millrace/telemetry';

/** Most models of a provider that are labels at a time; their names come from workflow files. */
const maxModels = 100;
/** What a name that no provider knows fails with: it gets no label of its own. */
const unproven = new Set(['ModelNotExistError', 'InvokeAuthorizationError', 'InvokeBadRequestError']);

/** Counts the calls of models. */
export function observeModels(models: ModelInvoker, metrics: Metrics): ModelInvoker {
  const durations = metrics.histogram(catalogue.modelDuration);
  const firstTokens = metrics.histogram(catalogue.modelFirstToken);
  const tokens = metrics.counter(catalogue.modelTokens);
  const prices = metrics.counter(catalogue.modelPrice);
  const errors = metrics.counter(catalogue.modelErrors);
  const pairs = createBoundedLabel({ max: maxModels });

  const labelsOf = ({ provider, model }: ModelRequest, claim: boolean): { provider: string; model: string } => {
    const name = shortProviderName(provider);
    const known = pairs.of(`${name}/${model}`, { claim }) !== otherLabel;
    return known ? { provider: name, model } : { provider: otherLabel, model: otherLabel };
  };

  return {
    async invoke(request) {
      const began = performance.now();
      const seconds = (): number => (performance.now() - began) / 1000;
      try {
        const answer = await models.invoke(request);
        const labels = labelsOf(request, true);
        const { usage } = answer;
        const exemplar = activeExemplar();
        durations.observe({ ...labels, outcome: 'ok' }, seconds(), exemplar);
        if (usage.time_to_first_token !== null) firstTokens.observe(labels, usage.time_to_first_token, exemplar);
        tokens.inc({ ...labels, direction: 'input' }, usage.prompt_tokens);
        tokens.inc({ ...labels, direction: 'output' }, usage.completion_tokens);
        prices.inc(labels, Number(usage.total_price));
        return answer;
      } catch (error) {
        const kind = error instanceof ModelError ? error.errorType : undefined;
        const labels = labelsOf(request, kind !== undefined && !unproven.has(kind));
        const aborted = request.signal.aborted;
        durations.observe({ ...labels, outcome: aborted ? 'aborted' : 'error' }, seconds(), activeExemplar());
        if (!aborted) errors.inc({ ...labels, error: kind ?? 'unexpected' });
        throw error;
      }
    },
  };
}
