import type { PageRules } from '../kernel/pages.ts';

/** What the paged reads of Auto Scaling share. Source: Amazon EC2 Auto Scaling API reference. */
export const PAGES = {
  limitError: 'ValidationError',
  tokenError: 'InvalidNextToken',
} satisfies Partial<PageRules>;
