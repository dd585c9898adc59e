/** Why EC2 refuses to start an instance of this image on this type, in the words that a group's activity shows. */
import type { Image, InstanceTypeInfo } from '@aws-sdk/client-ec2';

/**
 * What an image and a type say about each other; what either leaves unsaid is taken as fitting.
 *
 * Sources of the words: Auto Scaling user guide, ts-as-ami (pending); EC2 API reference, errors-overview
 * (`InvalidAMIID.NotFound`, `InvalidAMIID.Unavailable` for any other state that cannot be launched); published
 * RunInstances answers (`AuthFailure`).
 *
 * @param isWithheld its owner shares it with this account no more
 */
export function imageRefusal(
  imageId: string,
  image: Image | undefined,
  type: InstanceTypeInfo | undefined,
  isWithheld: boolean,
): string | undefined {
  if (isWithheld) return `Not authorized for images: [${imageId}]`;
  if (!image) return `The image id '[${imageId}]' does not exist`;
  if (image.State === 'pending') return `AMI ${imageId} is pending, and cannot be run`;
  if (image.State !== undefined && image.State !== 'available') {
    return `The image ID '${imageId}' is not available`;
  }
  return type ? mismatch(image, type) : undefined;
}

/** Sources: Amazon EC2 user guide, resize-limitations and ami-boot; Auto Scaling user guide, ts-as-instancelaunchfailure. */
function mismatch(image: Image, type: InstanceTypeInfo): string | undefined {
  const architectures: readonly string[] = type.ProcessorInfo?.SupportedArchitectures ?? [];
  if (image.Architecture && architectures.length > 0 && !architectures.includes(image.Architecture)) {
    return `The architecture '${architectures.join(',')}' of the specified instance type does not match the architecture '${image.Architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`;
  }
  if (image.EnaSupport === false && type.NetworkInfo?.EnaSupport === 'required') {
    return `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${type.InstanceType}' instance type. Ensure that you are using an AMI that is enabled for ENA.`;
  }
  const virtualizations: readonly string[] = type.SupportedVirtualizationTypes ?? [];
  const wrongVirtualization =
    image.VirtualizationType !== undefined &&
    virtualizations.length > 0 &&
    !virtualizations.includes(image.VirtualizationType);
  const rootDevices: readonly string[] = type.SupportedRootDeviceTypes ?? [];
  const wrongRoot =
    image.RootDeviceType !== undefined &&
    rootDevices.length > 0 &&
    !rootDevices.includes(image.RootDeviceType);
  if (wrongVirtualization || wrongRoot || !bootModeFits(image, type)) {
    return 'The requested configuration is currently not supported. Please check the documentation for supported configurations.';
  }
  return undefined;
}

/** An image without a boot mode boots as its type does by default; `uefi-preferred` fits either. */
function bootModeFits(image: Image, type: InstanceTypeInfo): boolean {
  const modes: readonly string[] = type.SupportedBootModes ?? [];
  if (modes.length === 0 || !image.BootMode || image.BootMode === 'uefi-preferred') return true;
  return modes.includes(image.BootMode);
}
