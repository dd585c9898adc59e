/** The settings in force for a run that asks nothing of Auto Scaling groups: deployment, cluster, request. */
import type { Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { BadRequest } from '../edge/errors.ts';
import type { Request } from '../edge/request.ts';
import { resolveSettings } from '../edge/settings.ts';

/** @throws BadRequest with every problem of every layer */
export function settingsOf(
  clusterTags: Readonly<Record<string, string>>,
  request: Pick<Request, 'settings'>,
): Settings {
  const { settings: deployment, guardrails } = environment();
  const resolved = resolveSettings({ deployment, clusterTags, request: request.settings }, guardrails);
  if (resolved.problems.length > 0) throw new BadRequest(resolved.problems);
  return resolved.settings;
}
