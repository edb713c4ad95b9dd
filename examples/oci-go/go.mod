module oci-go

go 1.25

require (
	github.com/pulumi/pulumi/sdk/v3 v3.259.0
	github.com/your--organization/pulumi-keyrotation/sdk/go v0.1.0
)

// The library is not published: a program takes it from the folder.
replace github.com/your--organization/pulumi-keyrotation/sdk/go => ../../sdk/go
