"""What moto leaves out and the product cannot do without: put into it before it serves, with AWS's word for each.

`add` refuses a moto that knows one of them by itself, so that the addition is taken out.
"""

import inspect
import sys

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.responses.launch_templates import LaunchTemplates

create_without_source = LaunchTemplates.create_launch_template_version
terminate_one = AutoScalingResponse.terminate_instance_in_auto_scaling_group


def add() -> None:
    for owner, parameter in ((LaunchTemplates, "SourceVersion"), (AutoScalingResponse, "InstanceIds.member")):
        if parameter in inspect.getsource(owner):
            sys.exit(f"moto knows {parameter} now: take what stands in for it out of test/emulator/additions.py")
    LaunchTemplates.create_launch_template_version = create_launch_template_version
    AutoScalingResponse.terminate_instance_in_auto_scaling_group = terminate_instances


def create_launch_template_version(self: LaunchTemplates) -> ActionResult:
    """ "The new version inherits the same launch parameters as the source version, except for parameters that you
    specify" (Amazon EC2 API reference, CreateLaunchTemplateVersion, SourceVersion)."""
    answer = create_without_source(self)
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


def terminate_instances(self: AutoScalingResponse) -> ActionResult:
    """ "The IDs of the instances. You can specify up to 100 instances" (Amazon EC2 Auto Scaling API reference,
    TerminateInstanceInAutoScalingGroup, InstanceIds)."""
    ids = self._get_param("InstanceIds") or []
    if not ids:
        return terminate_one(self)
    decrement = self._get_bool_param("ShouldDecrementDesiredCapacity", False)
    return ActionResult(
        {"Activities": [self.autoscaling_backend.terminate_instance(each, decrement) for each in ids]}
    )
