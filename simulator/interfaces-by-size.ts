/** Network interfaces of an instance type that nobody described. */

/**
 * By size. Source: Amazon EC2 user guide, "Maximum IP addresses per network interface": the same for all current general
 * purpose families up to small differences.
 */
const INTERFACES_BY_SIZE: Readonly<Record<string, number>> = {
  nano: 2,
  micro: 2,
  small: 3,
  medium: 3,
  large: 3,
  xlarge: 4,
  '2xlarge': 4,
  '4xlarge': 8,
  '8xlarge': 8,
  '9xlarge': 8,
  '12xlarge': 8,
};
const INTERFACES_OF_THE_LARGEST = 15;

/** What the size in a type's name (`m5.large`) usually has. */
export function interfacesOf(instanceType: string | undefined): number {
  return INTERFACES_BY_SIZE[instanceType?.split('.')[1] ?? ''] ?? INTERFACES_OF_THE_LARGEST;
}
