/** Does an image boot on an instance type: processor and boot mode. */
import type { ImageFacts, InstanceTypeFacts } from '../facts.ts';

/** What keeps the image from booting there; undefined when nothing known does. */
export type BootProblem =
  | { readonly kind: 'architecture'; readonly image: string; readonly type: readonly string[] }
  | { readonly kind: 'boot-mode'; readonly image: string; readonly type: readonly string[] };

export function bootProblem(
  image: Pick<ImageFacts, 'architecture' | 'bootMode'>,
  type: Pick<InstanceTypeFacts, 'architectures' | 'bootModes'>,
): BootProblem | undefined {
  const { architecture } = image;
  if (
    architecture !== undefined &&
    type.architectures.length > 0 &&
    !type.architectures.includes(architecture)
  ) {
    return { kind: 'architecture', image: architecture, type: type.architectures };
  }
  const bootMode = bootModeOf(image);
  if (bootMode === undefined || type.bootModes.length === 0) return undefined;
  const fits = bootMode === 'uefi-preferred' ? type.bootModes.length > 0 : type.bootModes.includes(bootMode);
  return fits ? undefined : { kind: 'boot-mode', image: bootMode, type: type.bootModes };
}

/**
 * An image without a boot mode starts as its processor does: UEFI on Arm, legacy BIOS on x86; `uefi-preferred` takes UEFI
 * where the type has it and legacy BIOS elsewhere (Amazon EC2 user guide, "ami-boot").
 */
function bootModeOf({ architecture, bootMode }: Pick<ImageFacts, 'architecture' | 'bootMode'>) {
  if (bootMode !== undefined) return bootMode;
  if (architecture === undefined) return undefined;
  return architecture.startsWith('arm') ? 'uefi' : 'legacy-bios';
}
