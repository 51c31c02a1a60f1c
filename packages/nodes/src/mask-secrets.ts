import { maskSecret, splitText } from '@millrace/graph';

/** Blotting out shorter ones would blot out ordinary text. */
const shortest = 4;

/** Most characters looked at for all secrets of a text: each is looked for by itself. */
const mostLookedAt = 500_000_000;

/** Replaces secrets by their log form (dsl 2.6), also where they stand encoded for a URL, a form or JSON. */
export function secretMasker(secrets: readonly string[] = []): (text: string) => string {
  const hidden = new Map<string, string>();
  for (const secret of secrets) {
    if (secret.length >= shortest) for (const form of encodedForms(secret)) hidden.set(form, maskSecret(secret));
  }
  // Longest first: one secret may hold another.
  const forms = [...hidden].sort(([a], [b]) => b.length - a.length);
  return (text) => {
    if (text.length * forms.length > mostLookedAt)
      return `${text.length} characters left out: too many secrets to hide`;
    return forms.reduce((masked, [form, mask]) => (masked === '' ? '' : splitText(masked, form).join(mask)), text);
  };
}

function encodedForms(secret: string): string[] {
  const wellFormed = secret.toWellFormed();
  const inForm = new URLSearchParams([['', wellFormed]]).toString().slice(1);
  return [secret, encodeURIComponent(wellFormed), encodeURI(wellFormed), inForm, JSON.stringify(secret).slice(1, -1)];
}
