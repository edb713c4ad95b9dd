package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/oracle/oci-go-sdk/v65/common"
	"github.com/oracle/oci-go-sdk/v65/secrets"
	"github.com/oracle/oci-go-sdk/v65/vault"
)

// The vault of the home region, and clients of both services of its secrets.
type vaultWalk struct {
	*walk
	place   struct{ ID, Key, Compartment string }
	manager vault.VaultsClient
	reader  secrets.SecretsClient
}

func (w *walk) vaults() *vaultWalk {
	v := &vaultWalk{walk: w}
	w.control(http.MethodGet, "oci/vaults/us-ashburn-1", nil, &v.place)
	manager, err := vault.NewVaultsClientWithConfigurationProvider(w.config.provider())
	must(err)
	reader, err := secrets.NewSecretsClientWithConfigurationProvider(w.config.provider())
	must(err)
	never := common.NoRetryPolicy()
	for _, client := range []*common.BaseClient{&manager.BaseClient, &reader.BaseClient} {
		client.Configuration.RetryPolicy = &never
		client.Configuration.CircuitBreaker = nil
		client.HTTPClient = &http.Client{
			Transport: &http.Transport{DisableKeepAlives: true},
			Timeout:   3 * time.Second,
		}
		client.Host = w.endpoint
	}
	v.manager, v.reader = manager, reader
	return v
}

func contentOf(text, name string, stage vault.SecretContentDetailsStageEnum) vault.Base64SecretContentDetails {
	details := vault.Base64SecretContentDetails{
		Content: common.String(base64.StdEncoding.EncodeToString([]byte(text))),
		Stage:   stage,
	}
	if name != "" {
		details.Name = &name
	}
	return details
}

func (v *vaultWalk) createOf(name, text string) vault.CreateSecretRequest {
	return vault.CreateSecretRequest{CreateSecretDetails: vault.CreateSecretDetails{
		CompartmentId: &v.place.Compartment,
		VaultId:       &v.place.ID,
		KeyId:         &v.place.Key,
		SecretName:    &name,
		FreeformTags:  map[string]string{"team": "ci"},
		SecretContent: contentOf(text, "first", ""),
	}}
}

func (v *vaultWalk) create(name, text string) vault.Secret {
	made, err := v.manager.CreateSecret(v.ctx, v.createOf(name, text))
	must(err)
	return made.Secret
}

func (v *vaultWalk) put(id *string, text, name string, stage vault.SecretContentDetailsStageEnum) error {
	_, err := v.manager.UpdateSecret(v.ctx, vault.UpdateSecretRequest{
		SecretId:            id,
		UpdateSecretDetails: vault.UpdateSecretDetails{SecretContent: contentOf(text, name, stage)},
	})
	return err
}

func (v *vaultWalk) makeCurrent(id *string, number int64, etag *string) error {
	_, err := v.manager.UpdateSecret(v.ctx, vault.UpdateSecretRequest{
		SecretId:            id,
		UpdateSecretDetails: vault.UpdateSecretDetails{CurrentVersionNumber: &number},
		IfMatch:             etag,
	})
	return err
}

// What is read in a stage; without one what consumers read by default.
func (v *vaultWalk) read(id *string, stage secrets.GetSecretBundleStageEnum) (string, int64) {
	answer, err := v.reader.GetSecretBundle(v.ctx, secrets.GetSecretBundleRequest{SecretId: id, Stage: stage})
	must(err)
	return textOf(answer.SecretBundle), *answer.VersionNumber
}

func textOf(bundle secrets.SecretBundle) string {
	content := bundle.SecretBundleContent.(secrets.Base64SecretBundleContentDetails)
	text, err := base64.StdEncoding.DecodeString(*content.Content)
	must(err)
	return string(text)
}

// The stages of each version, in order of their numbers.
func (v *vaultWalk) stages(id *string) []string {
	answer, err := v.manager.ListSecretVersions(v.ctx, vault.ListSecretVersionsRequest{SecretId: id})
	must(err)
	all := []string{}
	for _, version := range answer.Items {
		names := []string{}
		for _, stage := range version.Stages {
			names = append(names, string(stage))
		}
		all = append(all, fmt.Sprint(*version.VersionNumber, " ", strings.Join(names, "+")))
	}
	return all
}

func vaultSecrets(w *walk) {
	v := w.vaults()
	create := v.createOf("app-key", "one")
	create.OpcRetryToken = common.String("a-token-of-ours")
	made, err := v.manager.CreateSecret(v.ctx, create)
	must(err)
	again, err := v.manager.CreateSecret(v.ctx, create)
	must(err)
	equal(again.Secret, made.Secret)
	equal([]string{*made.SecretName, *made.VaultId, *made.KeyId}, []string{"app-key", v.place.ID, v.place.Key})
	that(strings.HasPrefix(*made.Id, "ocid1.vaultsecret.oc1."), "an OCID names its kind")
	got, err := v.manager.GetSecret(v.ctx, vault.GetSecretRequest{SecretId: made.Id})
	must(err)
	equal(got.Secret, made.Secret)
	equal(got.LifecycleState, vault.SecretLifecycleStateActive)
	equal(*got.CurrentVersionNumber, int64(1))
	equal(got.Etag, made.Etag)
	listed, err := v.manager.ListSecrets(v.ctx, vault.ListSecretsRequest{
		CompartmentId: &v.place.Compartment, VaultId: &v.place.ID, Name: common.String("app-key"),
	})
	must(err)
	equal([]string{*listed.Items[0].Id, *listed.Items[0].SecretName}, []string{*made.Id, "app-key"})
	bundle, err := v.reader.GetSecretBundleByName(v.ctx, secrets.GetSecretBundleByNameRequest{
		SecretName: common.String("app-key"), VaultId: &v.place.ID,
	})
	must(err)
	equal([]string{*bundle.SecretId, *bundle.VersionName, textOf(bundle.SecretBundle)}, []string{*made.Id, "first", "one"})
	_, err = v.reader.GetSecretBundleByName(v.ctx, secrets.GetSecretBundleByNameRequest{
		SecretName: common.String("another"), VaultId: &v.place.ID,
	})
	refused(err, 404, "NotAuthorizedOrNotFound")
	_, err = v.manager.CreateSecret(v.ctx, v.createOf("app-key", "two"))
	refused(err, 409, "NotAuthorizedOrResourceAlreadyExists")
	wrong := v.createOf("other-key", "one")
	wrong.KeyId = common.String("ocid1.key.oc1.iad.aaaa.nobody")
	_, err = v.manager.CreateSecret(v.ctx, wrong)
	refused(err, 400, "RelatedResourceNotAuthorizedOrNotFound")
}

func vaultStages(w *walk) {
	v := w.vaults()
	id := v.create("staged", "one").Id
	equal(v.stages(id), []string{"1 CURRENT+LATEST"})
	must(v.put(id, "two", "second", vault.SecretContentDetailsStagePending))
	equal(v.stages(id), []string{"1 CURRENT", "2 LATEST+PENDING"})
	text, number := v.read(id, "")
	equal([]string{text, fmt.Sprint(number)}, []string{"one", "1"})
	text, _ = v.read(id, secrets.GetSecretBundleStagePending)
	equal(text, "two")
	must(v.makeCurrent(id, 2, nil))
	equal(v.stages(id), []string{"1 PREVIOUS", "2 CURRENT+LATEST"})
	text, number = v.read(id, "")
	equal([]string{text, fmt.Sprint(number)}, []string{"two", "2"})
	must(v.put(id, "three", "", vault.SecretContentDetailsStageCurrent))
	equal(v.stages(id), []string{"1 DEPRECATED", "2 PREVIOUS", "3 CURRENT+LATEST"})
	must(v.makeCurrent(id, 1, nil))
	equal(v.stages(id), []string{"1 CURRENT", "2 DEPRECATED", "3 LATEST+PREVIOUS"})
	byName, err := v.reader.GetSecretBundle(v.ctx, secrets.GetSecretBundleRequest{
		SecretId: id, SecretVersionName: common.String("second"),
	})
	must(err)
	equal(textOf(byName.SecretBundle), "two")
	versions, err := v.reader.ListSecretBundleVersions(v.ctx, secrets.ListSecretBundleVersionsRequest{SecretId: id})
	must(err)
	equal(len(versions.Items), 3)
	version, err := v.manager.GetSecretVersion(v.ctx, vault.GetSecretVersionRequest{
		SecretId: id, SecretVersionNumber: common.Int64(2),
	})
	must(err)
	equal(*version.Name, "second")
}

func vaultConflicts(w *walk) {
	v := w.vaults()
	id := v.create("contested", "one").Id
	before, err := v.manager.GetSecret(v.ctx, vault.GetSecretRequest{SecretId: id})
	must(err)
	must(v.put(id, "two", "second", vault.SecretContentDetailsStagePending))
	refused(v.makeCurrent(id, 2, before.Etag), 412, "NoEtagMatch")
	refused(v.put(id, "other", "second", vault.SecretContentDetailsStagePending), 409, "NotAuthorizedOrResourceAlreadyExists")
	refused(v.makeCurrent(id, 9, nil), 404, "NotAuthorizedOrNotFound")
	_, err = v.manager.UpdateSecret(v.ctx, vault.UpdateSecretRequest{SecretId: id, UpdateSecretDetails: vault.UpdateSecretDetails{
		CurrentVersionNumber: common.Int64(2),
		SecretContent:        contentOf("three", "", ""),
	}})
	refused(err, 400, "InvalidParameter")
	refused(v.put(id, "x", "a b", ""), 400, "InvalidParameter")
	refused(v.put(id, strings.Repeat("x", 25*1024+1), "", ""), 400, "InvalidParameter")
}

func vaultLimits(w *walk) {
	v := w.vaults()
	id := v.create("full", "0").Id
	for n := range 29 {
		must(v.put(id, fmt.Sprint(n+1), "", ""))
	}
	refused(v.put(id, "one too many", "", ""), 400, "LimitExceeded")
	must(v.dropVersion(id, 1, nil))
	must(v.put(id, "a place is free", "", ""))
	_, number := v.read(id, "")
	equal(number, int64(31))
}

func (v *vaultWalk) dropVersion(id *string, number int64, at *common.SDKTime) error {
	_, err := v.manager.ScheduleSecretVersionDeletion(v.ctx, vault.ScheduleSecretVersionDeletionRequest{
		SecretId: id, SecretVersionNumber: &number,
		ScheduleSecretVersionDeletionDetails: vault.ScheduleSecretVersionDeletionDetails{TimeOfDeletion: at},
	})
	return err
}

func vaultDeletions(w *walk) {
	v := w.vaults()
	id := v.create("leaving", "one").Id
	refused(v.dropVersion(id, 1, nil), 400, "InvalidParameter")
	must(v.put(id, "two", "", ""))
	must(v.put(id, "three", "", ""))
	soon := common.SDKTime{Time: time.Now().Add(time.Hour)}
	refused(v.dropVersion(id, 1, &soon), 400, "InvalidParameter")
	must(v.dropVersion(id, 1, nil))
	_, err := v.reader.GetSecretBundle(v.ctx, secrets.GetSecretBundleRequest{SecretId: id, VersionNumber: common.Int64(1)})
	refused(err, 404, "NotAuthorizedOrNotFound")
	refused(v.makeCurrent(id, 1, nil), 400, "InvalidParameter")
	_, err = v.manager.CancelSecretVersionDeletion(v.ctx, vault.CancelSecretVersionDeletionRequest{
		SecretId: id, SecretVersionNumber: common.Int64(1),
	})
	must(err)
	equal(v.stages(id), []string{"1 DEPRECATED", "2 PREVIOUS", "3 CURRENT+LATEST"})

	_, err = v.manager.ScheduleSecretDeletion(v.ctx, vault.ScheduleSecretDeletionRequest{SecretId: id})
	must(err)
	got, err := v.manager.GetSecret(v.ctx, vault.GetSecretRequest{SecretId: id})
	must(err)
	equal(got.LifecycleState, vault.SecretLifecycleStatePendingDeletion)
	that(got.TimeOfDeletion.After(time.Now().Add(29*24*time.Hour)), "a secret can be restored for 30 days")
	_, err = v.reader.GetSecretBundle(v.ctx, secrets.GetSecretBundleRequest{SecretId: id})
	refused(err, 404, "NotAuthorizedOrNotFound")
	refused(v.put(id, "four", "", ""), 409, "IncorrectState")
	_, err = v.manager.CreateSecret(v.ctx, v.createOf("leaving", "again"))
	refused(err, 409, "NotAuthorizedOrResourceAlreadyExists")
	_, err = v.manager.CancelSecretDeletion(v.ctx, vault.CancelSecretDeletionRequest{SecretId: id})
	must(err)
	text, _ := v.read(id, "")
	equal(text, "three")
}
