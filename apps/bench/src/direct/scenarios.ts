import type { DirectName } from '../scenarios.js';
import { codeSubject } from './code.js';
import { llmSubject } from './llm.js';
import type { OpenSubject } from './subject.js';
import { templateSubject } from './template.js';

export interface Place {
  /** Address of the server that stands for a model provider. */
  target: string;
  /** Empty folder for what is kept between cold starts. */
  dir: string;
}

export interface DirectScenario {
  /** One line for people. */
  work: string;
  open(place: Place): OpenSubject;
}

const python = 'def main(text: str) -> dict:\n    return {"text": text.upper()}\n';
const javaScript = 'function main({text}) {\n  return { text: text.toUpperCase() }\n}\n';

export const directScenarios: Record<DirectName, DirectScenario> = {
  'code-py': {
    work: 'a Python code node that upper-cases a text',
    open: ({ dir }) => codeSubject('python3', python, dir),
  },
  'code-js': {
    work: 'a JavaScript code node that upper-cases a text',
    open: ({ dir }) => codeSubject('javascript', javaScript, dir),
  },
  template: { work: 'a template node with a loop over ten items', open: () => templateSubject },
  'llm-stream': { work: 'an LLM node whose model sends 100 chunks at once', open: ({ target }) => llmSubject(target) },
};
