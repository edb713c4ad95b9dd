// Command oci-walk is Oracle's Go SDK as a client of the stand-in of OCI Identity.
//
// It takes the stand-in's URL, runs every check on a fresh tenancy, and prints the name of each that
// held, one a line. It ends with a message and status 1 at the first that does not.
package main

import (
	"fmt"
	"os"
)

// A check of walk: it panics when the stand-in does not do as OCI does.
type check struct {
	name string
	run  func(*walk)
}

var checks = []check{
	{"users", users},
	{"keys", keys},
	{"quota", quota},
	{"bad_keys", badKeys},
	{"signatures", signatures},
	{"changed_requests", changedRequests},
	{"skew", skew},
	{"regions", regions},
	{"permissions", permissions},
	{"capabilities", capabilities},
	{"sessions", sessions},
	{"instance_principals", instancePrincipals},
	{"delegation_tokens", delegationTokens},
	{"resource_principals", resourcePrincipals},
	{"auth_tokens", authTokens},
	{"secret_keys", secretKeys},
	{"smtp", smtp},
	{"tags", tags},
	{"pages", pages},
	{"retry_tokens", retryTokens},
	{"request_ids", requestIDs},
	{"faults", faults},
	{"vault_secrets", vaultSecrets},
	{"vault_stages", vaultStages},
	{"vault_conflicts", vaultConflicts},
	{"vault_limits", vaultLimits},
	{"vault_deletions", vaultDeletions},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: oci-walk ENDPOINT")
		os.Exit(2)
	}
	pairs := []pair{makePair(), makePair(), makePair(), makePair()}
	for _, check := range checks {
		if err := held(check, os.Args[1], pairs); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", check.name, err)
			os.Exit(1)
		}
		fmt.Println(check.name)
	}
}

func held(check check, endpoint string, pairs []pair) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%v", failure)
		}
	}()
	check.run(begin(endpoint, pairs))
	return nil
}
