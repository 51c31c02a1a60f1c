/** Thrown when a template is about to change a value of the run: it must be rendered on copies. */
export class SharedValue extends Error {}

let isShared = false;

/** Says whether the rendering that starts works on the run's own values. */
export function shareValues(shared: boolean): void {
  isShared = shared;
}

/** Called before a list or mapping changes in place. @throws SharedValue */
export function beforeChange(): void {
  if (isShared) throw new SharedValue('A value of the run would change');
}
