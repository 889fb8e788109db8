"""Fields of the entities that the sandbox knows, written short: `name` or `name:type`."""

from __future__ import annotations

from sandbox.salesforce.people import RIGHTS

_RIGHTS = " ".join(f"{right}:boolean" for right in RIGHTS)
_AUDIT = "CreatedDate:datetime LastModifiedDate:datetime SystemModstamp:datetime IsDeleted:boolean"
_METADATA = "Metadata:complexvalue FullName"
SINGLE_ROW_FIELDS = frozenset({"Metadata", "FullName"})


def fields(text: str) -> dict[str, str]:
    """Return name → type; the type is `string` unless said, an `…Id` is a reference."""
    found: dict[str, str] = {"Id": "id"}
    for word in text.split():
        name, _, kind = word.partition(":")
        found[name] = kind or ("reference" if name.endswith("Id") else "string")
    return found


USER = fields(
    "Name FirstName LastName Email Username Alias IsActive:boolean UserType ManagerId ProfileId"
)
GROUP = fields("Name DeveloperName Type Email")
ORGANIZATION = fields("IsSandbox:boolean Name InstanceName OrganizationType NamespacePrefix")
PROFILE = fields(f"Name UserType {_RIGHTS}")
PERMISSION_SET = fields(f"Name Label NamespacePrefix IsOwnedByProfile:boolean ProfileId {_RIGHTS}")
ASSIGNMENT = fields("AssigneeId PermissionSetId")
GROUP_COMPONENT = fields("PermissionSetGroupId PermissionSetId")
PERMISSION_SET_GROUP = fields("DeveloperName MasterLabel")
USER_ACCESS = fields(_RIGHTS)
CRON_TRIGGER = fields("State CronExpression NextFireTime:datetime CronJobDetailId OwnerId")
CRON_DETAIL = fields("Name JobType")
APEX_JOB = fields("Status JobType ApexClassId CronTriggerId CreatedDate:datetime")
FOLDER = fields("Name DeveloperName NamespacePrefix Type")
REPORT = fields("Name DeveloperName NamespacePrefix FolderName OwnerId")
FOLDERED = fields("Name DeveloperName NamespacePrefix FolderId")
STANDARD = fields(f"Name OwnerId {_AUDIT}")
CUSTOM = fields(f"Name OwnerId CreatedById {_AUDIT}")

_PACKAGED = "NamespacePrefix ManageableState"
TOOLING: dict[str, dict[str, str]] = {
    name: fields(text)
    for name, text in {
        "CustomObject": f"DeveloperName {_PACKAGED} Description",
        "CustomField": f"DeveloperName {_PACKAGED} TableEnumOrId EntityDefinitionId",
        "ApexClass": f"Name {_PACKAGED} ApiVersion:double Status Body",
        "ApexTrigger": f"Name {_PACKAGED} ApiVersion:double Status Body TableEnumOrId",
        "ApexPage": f"Name {_PACKAGED} MasterLabel",
        "ApexComponent": f"Name {_PACKAGED} MasterLabel",
        "StaticResource": f"Name {_PACKAGED} ContentType BodyLength:int",
        "PermissionSet": "Name Label NamespacePrefix IsOwnedByProfile:boolean",
        "Profile": f"Name {_METADATA}",
        "Layout": f"Name {_PACKAGED} TableEnumOrId EntityDefinitionId LayoutType {_METADATA}",
        "FlexiPage": f"DeveloperName MasterLabel {_PACKAGED} Type EntityDefinitionId {_METADATA}",
        "Flow": f"MasterLabel DefinitionId Status VersionNumber:int ProcessType {_PACKAGED} "
        f"{_METADATA}",
        "FlowDefinition": f"DeveloperName MasterLabel {_PACKAGED} ActiveVersionId LatestVersionId",
        "WorkflowRule": f"Name TableEnumOrId {_PACKAGED} {_METADATA}",
        "ValidationRule": f"ValidationName {_PACKAGED} Active:boolean EntityDefinitionId "
        f"{_METADATA}",
        "QuickActionDefinition": f"DeveloperName MasterLabel {_PACKAGED} {_METADATA}",
        "CustomApplication": f"DeveloperName Label {_PACKAGED}",
        "CustomTab": f"DeveloperName Type {_PACKAGED}",
        "WebLink": f"Name {_PACKAGED} MasterLabel EntityDefinitionId",
        "RemoteProxy": f"SiteName {_PACKAGED} EndpointUrl IsActive:boolean",
        "ExternalString": f"Name {_PACKAGED} Value",
        "AuraDefinitionBundle": f"DeveloperName MasterLabel {_PACKAGED}",
        "LightningComponentBundle": f"DeveloperName MasterLabel {_PACKAGED}",
        "EmailTemplate": "Name DeveloperName NamespacePrefix FolderId",
        "EntityDefinition": "DurableId QualifiedApiName DeveloperName NamespacePrefix Label",
        "DeployRequest": "Status CheckOnly:boolean CreatedDate:datetime StartDate:datetime "
        "CompletedDate:datetime ErrorMessage NumberComponentErrors:int CreatedById",
        "MetadataComponentDependency": "MetadataComponentId:id18 MetadataComponentName "
        "MetadataComponentType MetadataComponentNamespace RefMetadataComponentId:id18 "
        "RefMetadataComponentName RefMetadataComponentType RefMetadataComponentNamespace",
        "InstalledSubscriberPackage": "SubscriberPackageId SubscriberPackageVersionId "
        "MinPackageVersionId",
    }.items()
}
SUBSCRIBER_PACKAGE = fields("Name NamespacePrefix Description IsPackageValid:boolean")
PACKAGE_VERSION = fields(
    "Name MajorVersion:int MinorVersion:int PatchVersion:int BuildNumber:int IsBeta:boolean"
)
