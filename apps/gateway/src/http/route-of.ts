import type { Request } from 'express';

/** Pattern of the route that took the request, such as `/v1/workflows/run`; `undefined` for unknown paths. */
export function routeOf(req: Request): string | undefined {
  const path = (req.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : undefined;
}
