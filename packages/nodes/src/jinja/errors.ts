/** A template that can't be parsed or rendered; the message is for its author. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TemplateError';
  }
}
