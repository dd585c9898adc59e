/** What ECS's operations check of their input in the same way. */
import { awsError } from '../../kernel/aws-error.ts';
import { type Page, type PageRequest, type PageRules, pageOf } from '../../kernel/pages.ts';

/**
 * `one`: what an empty list is said to want, where AWS has a word of its own for it.
 *
 * @throws InvalidParameterException when the list is empty or longer than AWS allows.
 */
export function batch(
  items: readonly string[] | undefined,
  most: number,
  what: string,
  one = what,
): readonly string[] {
  if (!items || items.length === 0) throw awsError('InvalidParameterException', `${one} cannot be empty.`);
  if (items.length > most)
    throw awsError('InvalidParameterException', `${what} can have at most ${most} items.`);
  return items;
}

/** Lists of ARNs: 1–100 a page. Source: Amazon ECS API reference, the List… requests. */
const ARN_PAGES: PageRules = { defaultLimit: 100, maxLimit: 100 };

export function pageOfArns(
  arns: readonly string[],
  operation: string,
  input: object & { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
  rules: PageRules = ARN_PAGES,
): Page<string> {
  const { maxResults, nextToken, ...filters } = input;
  const request: PageRequest = { limit: maxResults, nextToken };
  return pageOf(arns, (arn) => arn, `${operation} ${JSON.stringify(filters)}`, request, rules);
}

export function token(nextToken: string | undefined): { readonly nextToken?: string } {
  return nextToken === undefined ? {} : { nextToken };
}
