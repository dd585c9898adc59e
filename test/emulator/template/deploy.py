"""Creates the plain template in the emulator as its own instructions say: assets into a bucket, then the stack.

Usage: deploy.py DIRECTORY, with what `npm run synth` wrote there. Prints one JSON object: the stack's status, its
resources, and what each function may do by the role that it was created with.
"""

import json
import sys
from pathlib import Path

import boto3

STACK = "ecs-rollover"
BUCKET = "rollover-assets"
PREFIX = "ecs-rollover/"


def main() -> None:
    directory = Path(sys.argv[1])
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    for asset in directory.glob("*.zip"):
        s3.upload_file(str(asset), BUCKET, f"{PREFIX}{asset.name}")
    s3.upload_file(str(directory / "template.json"), BUCKET, f"{PREFIX}template.json")
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"https://{BUCKET}.s3.amazonaws.com/{PREFIX}template.json",
        Parameters=[
            {"ParameterKey": "AssetsBucket", "ParameterValue": BUCKET},
            {"ParameterKey": "AssetsPrefix", "ParameterValue": PREFIX},
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    resources = [
        {"logicalId": one["LogicalResourceId"], "type": one["ResourceType"], "status": one["ResourceStatus"]}
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
        for one in page["StackResourceSummaries"]
    ]
    print(
        json.dumps(
            {
                "status": stack["StackStatus"],
                "outputs": {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
                "resources": resources,
                "functions": [function(one) for one in boto3.client("lambda").list_functions()["Functions"]],
            }
        )
    )


def function(described: dict) -> dict:
    """What one function runs, and every action that its role's inline policies name."""
    iam = boto3.client("iam")
    role = described["Role"].split("/")[-1]
    policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = [
        statement
        for name in policies
        for statement in as_list(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"])
    ]
    return {
        "name": described["FunctionName"],
        "runtime": described["Runtime"],
        "timeout": described["Timeout"],
        "environment": sorted(described.get("Environment", {}).get("Variables", {})),
        "actions": sorted({action for statement in statements for action in as_list(statement["Action"])}),
    }


def as_list(value: object) -> list:
    return value if isinstance(value, list) else [value]


main()
