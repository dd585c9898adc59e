/** What an image parameter says: AWS's own come as JSON or as the plain id, people's in either form. */
import { isImageId } from './source.ts';

/**
 * The image id in a parameter's value. Of JSON only `image_id` is asked for, since the other keys differ between families
 * (Amazon ECS developer guide, "retrieve-ecs-optimized_AMI": Linux has `schema_version` and `os`, Windows has not).
 */
export function readParameterValue(
  value: string,
): { readonly imageId: string } | { readonly problem: string } {
  const text = value.trim();
  if (isImageId(text)) return { imageId: text };
  if (!text.startsWith('{'))
    return { problem: `its value ${shortened(text)} is neither an image id nor JSON` };
  const parsed = parseObject(text);
  if (parsed === undefined) return { problem: `its value ${shortened(text)} is not readable JSON` };
  const imageId = parsed.image_id;
  if (typeof imageId !== 'string' || !isImageId(imageId)) {
    return { problem: `its JSON has no image_id with an image id; it has ${Object.keys(parsed).join(', ')}` };
  }
  return { imageId };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
