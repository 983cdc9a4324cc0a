"""What test_outside.py looks at in the roles of a project: what each may do, and what it may not.

Permissions are evaluated from the role's policies as IAM keeps them (outside.Role), for a handful
of actions each: those that the role is for, the same on somebody else's things, and those that no
role of a project ever needs. A class to be mixed in: `each`, `account` and the assertions are
Looks'.
"""

from outside import ACCOUNT, REGION, Role


class RoleLooks:
    def test_e_roles(self) -> None:
        iam = self.account.client("iam")
        here = f"{REGION}:{ACCOUNT}"
        for _name, wanted, stack in self.each():
            for logical, (kind, physical) in stack.items():
                if kind != "AWS::IAM::Role":
                    continue
                role = Role(iam, physical)
                for forbidden in (
                    "iam:PassRole",
                    "iam:CreateRole",
                    "sts:AssumeRole",
                    "s3:PutObject",
                    "s3:DeleteBucket",
                    "ec2:RunInstances",
                    "kms:Decrypt",
                    "ssm:PutParameter",
                ):
                    if (logical, forbidden) not in wanted.granted:
                        self.assertFalse(
                            role.may(forbidden, f"arn:aws:iam::{ACCOUNT}:role/any"),
                            f"{logical} {forbidden}",
                        )
                if wanted.trusts_tasks(logical):
                    self.assertEqual(
                        [s["Principal"] for s in role.trust["Statement"]],
                        [{"Service": "ecs-tasks.amazonaws.com"}],
                        logical,
                    )
                    self.assertEqual(
                        role.trust["Statement"][0]["Condition"]["StringEquals"],
                        {"aws:SourceAccount": ACCOUNT},
                        logical,
                    )
                if logical == "ExecutionRole":
                    self.assertTrue(
                        role.may(
                            "ssm:GetParameters",
                            f"arn:aws:ssm:{here}:parameter{wanted.config_path}ANY",
                        )
                    )
                    self.assertFalse(
                        role.may(
                            "ssm:GetParameters",
                            f"arn:aws:ssm:{here}:parameter/Defang/other/beta/ANY",
                        )
                    )
                    self.assertTrue(
                        role.may(
                            "logs:PutLogEvents",
                            f"arn:aws:logs:{here}:log-group:{wanted.log_group('logs')}:*",
                        )
                    )
                    self.assertFalse(
                        role.may(
                            "logs:PutLogEvents",
                            f"arn:aws:logs:{here}:log-group:/Defang/other/beta/logs:*",
                        )
                    )
                    self.assertFalse(
                        role.may(
                            "logs:CreateLogGroup",
                            f"arn:aws:logs:{here}:log-group:{wanted.log_group('logs')}:*",
                        )
                    )
                    self.assertEqual(
                        role.may(
                            "ecr:BatchGetImage",
                            f"arn:aws:ecr:{here}:repository/{wanted.repository}",
                        ),
                        bool(wanted.built),
                    )
                    self.assertFalse(
                        role.may(
                            "ecr:BatchGetImage", f"arn:aws:ecr:{here}:repository/other/kaniko-build"
                        )
                    )
                elif logical == "KanikoRole":
                    self.assertTrue(
                        role.may(
                            "s3:GetObject",
                            "arn:aws:s3:::defang-cd-bucket-0123456789ab/uploads/sha256-x.tar.gz",
                        )
                    )
                    self.assertFalse(
                        role.may(
                            "s3:GetObject",
                            "arn:aws:s3:::defang-cd-bucket-0123456789ab/.pulumi/stacks/x.json",
                        )
                    )
                    self.assertTrue(
                        role.may(
                            "ecr:PutImage",
                            f"arn:aws:ecr:{here}:repository/{wanted.repository}/cache",
                        )
                    )
                    self.assertFalse(
                        role.may(
                            "ecr:PutImage", f"arn:aws:ecr:{here}:repository/other/kaniko-build"
                        )
                    )
                    self.assertFalse(
                        role.may(
                            "ssm:GetParameters",
                            f"arn:aws:ssm:{here}:parameter{wanted.config_path}ANY",
                        ),
                        "a build knows no config",
                    )
                elif logical.startswith("TaskRole") and wanted.mounts(role.service):
                    systems = {p for k, p in stack.values() if k == "AWS::EFS::FileSystem"}
                    for system in systems:
                        arn = f"arn:aws:elasticfilesystem:{here}:file-system/{system}"
                        self.assertTrue(role.may("elasticfilesystem:ClientMount", arn), logical)
                        self.assertEqual(
                            role.may("elasticfilesystem:ClientWrite", arn),
                            wanted.mounts(role.service) == "write",
                            logical,
                        )
                    self.assertFalse(
                        role.may(
                            "elasticfilesystem:ClientMount",
                            f"arn:aws:elasticfilesystem:{here}:file-system/fs-other",
                        )
                    )
                    self.assertFalse(role.may("s3:GetObject", "arn:aws:s3:::any/thing"))
                elif logical.startswith("TaskRole") and wanted.asks(role.service):
                    self.assertEqual(
                        role.attached, wanted.services[role.service].get("x-defang-policies", [])
                    )
                    model = "arn:aws:bedrock:us-west-2::foundation-model/any"
                    self.assertEqual(
                        role.may("bedrock:InvokeModel", model),
                        bool(wanted.services[role.service].get("x-defang-llm")),
                    )
                    self.assertFalse(
                        role.may("bedrock:DeleteCustomModel", model)
                        or role.may("s3:GetObject", "arn:aws:s3:::any/thing")
                    )
                elif logical.startswith("TaskRole"):
                    self.assertEqual(
                        (role.statements, role.attached), ([], []), f"{logical} may do nothing"
                    )
