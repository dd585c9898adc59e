/** User data is base64 in templates and in EC2's answers; what is plain text already is kept as it is. */
export function plainText(userData: string | undefined): string | null {
  if (userData === undefined || userData === '') return null;
  const isBase64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(userData) && !userData.includes('ECS_');
  return isBase64 ? Buffer.from(userData, 'base64').toString('utf8') : userData;
}
