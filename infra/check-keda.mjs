// Validates the ScaledObjects of a file against KEDA's schema. Run by check.sh beside the packages it needs.
import { readFileSync } from 'node:fs';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { parseAllDocuments } from 'yaml';

const documents = parseAllDocuments(readFileSync(process.argv[2], 'utf8')).map((document) => document.toJS());
const scaled = documents.filter((document) => document?.kind === 'ScaledObject');
for (const document of scaled) new ScaledObject(document).validate();
if (scaled.length === 0) throw new Error('there is no ScaledObject');
console.log(`keda: ok (${scaled.length} resources)`);
