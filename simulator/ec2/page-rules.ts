import type { PageRules } from '../kernel/pages.ts';

/** What the paged reads of EC2 share. Source: Amazon EC2 API reference, "Query API pagination". */
export const EC2_PAGES = {
  minLimit: 5,
  limitError: 'InvalidParameterValue',
  tokenError: 'InvalidParameterValue',
} satisfies Partial<PageRules>;
