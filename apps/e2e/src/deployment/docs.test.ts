/** What the documentation names exists: pages and headings, settings, scripts. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot } from '@millrace/testing';
import { filesBelow, read } from './files.js';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'infra/grafana/README.md', 'apps/bench/README.md'],
  ...filesBelow('docs', /\.md$/),
];
const prose = (page: string): string => read(page).replace(/^```.*?^```/gms, '');

/** A heading as a link names it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string): string[] =>
  [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

function isBroken(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(repositoryRoot, target))) return true;
  return anchor !== undefined && !anchorsOf(target).includes(anchor);
}

it.each(pages)('%s links to what is there', (page) => {
  const text = prose(page).replace(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !/^https?:/.test(link) && isBroken(page, link))).toEqual([]);
});

const namesIn = (text: string): string[] => [...new Set(text.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]\b/g))];
/** Names that are not ours to describe: of other programs, and what readers put in. */
const foreign =
  /^(OTEL_|POSTGRES_|GF_|JAEGER_|PROMETHEUS_|REDISCLI_)|^(OPENAI_API_KEY|NO_COLOR|NODE_EXTRA_CA_CERTS|NODE_ENV|COMPOSE_PROFILES|RUN_ID)$/;
const settings = new Set([...namesIn(read('docs/configuration.md')), ...namesIn(read('.env.example'))]);

it.each([...pages, 'docker-compose.yml', ...filesBelow('infra/k8s', /\.yaml$/)])(
  '%s names settings that exist',
  (file) => {
    expect(namesIn(read(file)).filter((name) => !settings.has(name) && !foreign.test(name))).toEqual([]);
  },
);

it.each(pages)('%s names scripts that exist', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = [...read(page).matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});
