"""Mistakes that the checks must find: without these, a check that finds nothing would pass unseen."""

from dataclasses import dataclass, replace

from pages import Page


@dataclass(frozen=True)
class Mistake:
    """On a page, `old` becomes `new`; the check says `words`."""

    how: str
    page: str
    old: str
    new: str
    words: str

    def make(self, pages: list[Page]) -> Page:
        """The page with the mistake."""
        (page,) = [it for it in pages if it.name == self.page]
        source = page.yaml if self.how == "linted" else page.python
        if self.old not in source:
            raise ValueError(f"{self.page} does not contain {self.old!r}")
        made = source.replace(self.old, self.new)
        # The page keeps its name for the rules that apply to it, except where names tell files apart.
        if self.how == "linted":
            return replace(page, yaml=made)
        if self.how == "mocked":
            return replace(page, python=made)
        return Page(f"{page.name} with {''.join(filter(str.isalpha, self.new))}", made, page.yaml, {})


MISTAKES = [
    Mistake("typed", "ssm", "value_wo_version=", "value_wo_versions=", "No overloads"),
    Mistake("typed", "kubernetes", "immutable=True", 'immutable="yes"', "cannot be assigned"),
    Mistake("typed", "kafka", "key.api_secret", "key.secret", "secret"),
    Mistake("typed", "ci", "key.next_rotation_at", "key.next_rotation", "next_rotation"),
    Mistake("mocked", "github-actions", "value=key.secret_access_key", "value=key.access_key_id", "not handed on"),
    Mistake(
        "mocked",
        "stacks",
        'keys.require_output("secretAccessKey")',
        'pulumi.Output.unsecret(keys.require_output("secretAccessKey"))',
        "not marked as one",
    ),
    Mistake("mocked", "files", "triggers=[key.generation]", "triggers=[key.next_rotation_at]", "end of the previous"),
    Mistake("mocked", "kubernetes-both", "key.previous.apply(lambda version: version.value)", "None", "end of the previous key changes nothing"),
    Mistake("mocked", "vault-agent", "key.secret_access_key", "key.secret", "has no attribute"),
    Mistake("linted", "ssm", "valueWoVersion", "valueWoVersions", "has no property valueWoVersions"),
    Mistake("linted", "ssm", "aws:ssm:Parameter", "aws:ssm:Parameters", "has no Parameters"),
    Mistake("linted", "gcp-secret-manager", "replication: { auto: {} }", "project: x", "lacks replication"),
    Mistake("linted", "gcp-secret-manager", '"generation-${key.generation}"', "${key.generation}", "number where a text"),
    Mistake("linted", "kubernetes", "secretRef", "secretsRef", "has no property secretsRef"),
    Mistake("linted", "kubernetes", "rotationPeriod", "rotationPeriode", "has no property rotationPeriode"),
    Mistake("linted", "azure-key-vault", "environment: { id: env-abc123 }", "environment: {}", "lacks id"),
    Mistake("linted", "vault-agent", "${key.secretAccessKey}", "${key.secretKey}", "there is no secretKey"),
    Mistake("linted", "files", "umask 077", "umask 022", "the programs differ"),
]
