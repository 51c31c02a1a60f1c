import { ApiError, type FileLinks, type ValueObject } from '@millrace/contracts';
import type { FileCatalogue, LookAtRemote } from '@millrace/files';
import { checkPlaces, fileNeeds, linkFiles, placeFiles, validateInputs, type Plan } from '@millrace/graph';
import type { AppAccess } from '../auth/ports.js';
import { checkSchemas } from '../service-api/form-schemas.js';
import type { ResolveEndUser } from '../service-api/ports.js';

export interface RunFilesDeps {
  catalogue: Pick<FileCatalogue, 'findOwned'>;
  lookAtRemote: LookAtRemote;
  links: FileLinks;
  resolveEndUser: ResolveEndUser;
}

/** What a caller wants to run a workflow with. */
export interface RunValues {
  inputs: ValueObject;
  files: ValueObject[];
}

/**
 * Checks `files` and `inputs` against the start form, and makes files of their mappings (service-api 3).
 * @param base where download links lead
 * @throws ApiError `invalid_param`
 */
export async function checkRunValues(
  deps: RunFilesDeps,
  { tenantId, appId }: Pick<AppAccess, 'tenantId' | 'appId'>,
  user: string,
  { form, features }: Pick<Plan, 'form' | 'features'>,
  { inputs, files }: RunValues,
  base: string,
): Promise<RunValues> {
  await checkSchemas(form);
  const checked = validateInputs(form, inputs);
  const sent = { files, values: checked.ok ? checked.values : {} };
  const { ids, urls } = fileNeeds(form, sent);
  const owner = { tenantId, appId, endUserId: ids.length > 0 ? await deps.resolveEndUser(tenantId, appId, user) : '' };
  const [owned, remote] = await Promise.all([
    ids.length > 0 ? deps.catalogue.findOwned(owner, ids) : [],
    deps.lookAtRemote(urls),
  ]);
  const stored = new Map(owned.map((file) => [file.id, file]));
  const placed = placeFiles(form, features, sent, { stored, remote });
  // `files` are judged before the form.
  if (!placed.ok) throw new ApiError('invalid_param', placed.message);
  if (!checked.ok) throw new ApiError('invalid_param', checked.message);
  const whole = checkPlaces(form, placed.values);
  if (!whole.ok) throw new ApiError('invalid_param', whole.message);
  if (ids.length === 0) return { inputs: whole.values, files: placed.files };
  const link = (value: ValueObject): ValueObject =>
    linkFiles(value, (file) => deps.links.sign(owner, file, base)) as ValueObject;
  return { inputs: link(whole.values), files: placed.files.map(link) };
}
