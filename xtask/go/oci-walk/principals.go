package main

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/oracle/oci-go-sdk/v65/common"
	"github.com/oracle/oci-go-sdk/v65/common/auth"
	"github.com/oracle/oci-go-sdk/v65/identity"
)

// What an instance finds in its environment, and where it exchanges its certificate.
func (w *walk) asInstance() {
	must(os.Setenv("OCI_METADATA_BASE_URL", w.endpoint+"/opc/v2"))
	must(os.Setenv("OCI_SDK_AUTH_CLIENT_REGION_URL", w.endpoint))
}

func (w *walk) lists(provider common.ConfigurationProvider) error {
	client := w.client(provider)
	_, err := client.ListApiKeys(w.ctx, identity.ListApiKeysRequest{UserId: &w.user})
	return err
}

func instancePrincipals(w *walk) {
	w.asInstance()
	provider, err := auth.InstancePrincipalConfigurationProvider()
	must(err)
	tenancy, err := provider.TenancyOCID()
	must(err)
	if tenancy != w.config.Tenancy {
		panic("the certificate names " + tenancy)
	}
	must(w.lists(provider))
	w.control(http.MethodPut, "oci/principals/policy", []string{}, nil)
	if w.lists(provider) == nil {
		panic("a principal without a policy was let in")
	}
	w.control(http.MethodPut, "oci/principals/policy", []string{"*"}, nil)
}

func delegationTokens(w *walk) {
	w.asInstance()
	w.control(http.MethodPut, "oci/principals/policy", []string{}, nil)
	var made struct{ Token string }
	w.control(http.MethodPost, "oci/principals/delegation", map[string]any{"user": w.config.User}, &made)
	provider, err := auth.InstancePrincipalDelegationTokenConfigurationProvider(&made.Token)
	must(err)
	must(w.lists(provider))
	w.control(http.MethodPut, "oci/principals/policy", []string{"*"}, nil)
}

func resourcePrincipals(w *walk) {
	var made struct{ Token, Key string }
	w.control(http.MethodPost, "oci/principals/resource", map[string]any{"seconds": 1200}, &made)
	folder, err := os.MkdirTemp("", "oci-walk")
	must(err)
	defer os.RemoveAll(folder)
	files := []string{filepath.Join(folder, "rpst"), filepath.Join(folder, "key.pem")}
	must(os.WriteFile(files[0], []byte(made.Token), 0o600))
	must(os.WriteFile(files[1], []byte(made.Key), 0o600))
	for _, values := range [][]string{{made.Token, made.Key}, files} {
		must(os.Setenv("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2"))
		must(os.Setenv("OCI_RESOURCE_PRINCIPAL_REGION", "us-ashburn-1"))
		must(os.Setenv("OCI_RESOURCE_PRINCIPAL_RPST", values[0]))
		must(os.Setenv("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", values[1]))
		provider, err := auth.ResourcePrincipalConfigurationProvider()
		must(err)
		tenancy, err := provider.TenancyOCID()
		must(err)
		if tenancy != w.config.Tenancy {
			panic("the token names " + tenancy)
		}
		must(w.lists(provider))
	}
}
