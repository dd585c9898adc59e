/** Where a group's image comes from, as people write it: `launch-template`, `ssm:<parameter>` or an image id. */

export type ImageSource =
  | { readonly kind: 'launch-template' }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'image'; readonly imageId: string };

const IMAGE_ID = /^ami-[0-9a-z]{1,32}$/;
/** A name or path, optionally with `:version` or `:label`, or a parameter's ARN (Systems Manager user guide). */
const PARAMETER =
  /^(?:\/?[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*(?::[A-Za-z0-9_.-]+)?|arn:[a-z0-9-]+:ssm:[A-Za-z0-9:/_.-]+)$/;

export const IMAGE_SOURCE_FORMS =
  'launch-template, ssm:<parameter> such as ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended, or an image id such as ami-0123456789abcdef0';

/** Reads a source; undefined when it is none of the three forms. */
export function readImageSource(text: string): ImageSource | undefined {
  if (text === 'launch-template') return { kind: 'launch-template' };
  if (isImageId(text)) return { kind: 'image', imageId: text };
  if (text.startsWith('ssm:') && PARAMETER.test(text.slice(4)))
    return { kind: 'parameter', name: text.slice(4) };
  return undefined;
}

/** Lenient: whether an id exists is for DescribeImages to say. */
export function isImageId(text: string): boolean {
  return IMAGE_ID.test(text);
}
