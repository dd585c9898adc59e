"""The emulator: a moto server on loopback, on a port that was free; it tells the address on standard error.

Started by server.ts with a pipe as standard input. Ends when that pipe closes, so also when whoever started it was
killed; by SIGTERM; and at once, with the reason, where this moto no longer needs what is added to it below.
"""

import inspect
import os
import sys
import threading


def end_with_whoever_started_us() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_whoever_started_us, daemon=True).start()

# After the thread: these imports take seconds, in which we may already have been left alone.
from moto.ec2.responses.launch_templates import LaunchTemplates  # noqa: E402
from moto.server import main  # noqa: E402

if "SourceVersion" in inspect.getsource(LaunchTemplates):
    sys.exit("moto knows SourceVersion now: take what stands in for it out of test/emulator/serve.py")

without_source = LaunchTemplates.create_launch_template_version


def create_launch_template_version(self: LaunchTemplates) -> object:
    """What moto leaves out, and without which no group could launch a version that the product made: "the new version
    inherits the same launch parameters as the source version, except for parameters that you specify" (Amazon EC2 API
    reference, CreateLaunchTemplateVersion, SourceVersion)."""
    answer = without_source(self)
    source = self._get_param("SourceVersion")
    if source:
        name, template_id = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
        template = (
            self.ec2_backend.get_launch_template_by_name(name)
            if name
            else self.ec2_backend.get_launch_template(template_id)
        )
        made = template.versions[-1]
        inherited = template.get_version(source)
        if inherited is made:
            inherited = template.versions[-2]
        for key, value in inherited.data.items():
            made.data.setdefault(key, value)
    return answer


LaunchTemplates.create_launch_template_version = create_launch_template_version

main(["-H", "127.0.0.1", "-p", "0"])
