/** Before any file of this tier: a Region, credentials that belong to nobody, quiet logs. The endpoint comes with `openEmulator`. */
import '../support/setup.ts';
