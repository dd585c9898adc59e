/** The few pieces of markup that the report is made of; every text goes through `escapeHtml`. */

export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

export function section(title: string, lead: string, body: string): string {
  return `<section><h2>${escapeHtml(title)}</h2>${lead ? `<p class="lead">${escapeHtml(lead)}</p>` : ''}${body}</section>`;
}

/**
 * A table; a column without a value in any row is left out, and a table without rows says so. Cells of the columns in
 * `texts` have the class `text`: sentences, which a style may break over lines.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  texts: readonly string[] = [],
): string {
  if (rows.length === 0) return '<p>None.</p>';
  const shown = head.map((_, column) => rows.some((row) => row[column]));
  const classOf = (column: number) => (texts.includes(head[column] ?? '') ? ' class="text"' : '');
  const cells = (row: readonly string[], tag: 'th' | 'td') =>
    row
      .map((text, column) => (shown[column] ? `<${tag}${classOf(column)}>${escapeHtml(text)}</${tag}>` : ''))
      .join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('');
  return `<div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${body}</tbody></table></div>`;
}
