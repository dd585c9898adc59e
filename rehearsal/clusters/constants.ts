/** What every generated cluster shares: AWS's documentation account, one Region, three zones, two images. */
export const REGION = 'eu-west-1';
export const ACCOUNT = '111122223333';
export const CAPTURED_AT = '2026-11-22T12:00:00Z';
/** When the hosts of a generated cluster were launched. */
export const LAUNCHED_AT = '2026-10-01T02:00:00Z';
export const OLD_IMAGE = 'ami-0aaaaaaaaaaaaaaa1';
export const NEW_IMAGE = 'ami-0bbbbbbbbbbbbbbb2';
export const PUBLIC_PARAMETER = '/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended';
export const ZONES = [`${REGION}a`, `${REGION}b`, `${REGION}c`] as const;

export const subnetOf = (zone: string) => `subnet-0000000000000000${zone.at(-1)}`;
