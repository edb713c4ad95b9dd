package main

import (
	"net/http"
	"strings"

	"github.com/oracle/oci-go-sdk/v65/common"
	"github.com/oracle/oci-go-sdk/v65/identity"
)

func (w *walk) createToken(description string) identity.CreateAuthTokenRequest {
	return identity.CreateAuthTokenRequest{
		UserId:                 &w.user,
		CreateAuthTokenDetails: identity.CreateAuthTokenDetails{Description: &description},
	}
}

func authTokens(w *walk) {
	made, err := w.admin.CreateAuthToken(w.ctx, w.createToken("one"))
	must(err)
	equal([]string{*made.Description, *made.UserId}, []string{"one", w.user})
	equal(len(*made.Token), 20)
	w.check(*made.Id, *made.Token, true)
	w.check(*made.Id, "another", false)

	listed, err := w.admin.ListAuthTokens(w.ctx, identity.ListAuthTokensRequest{UserId: &w.user})
	must(err)
	shown := made.AuthToken
	shown.Token = nil
	equal(listed.Items, []identity.AuthToken{shown})

	change := identity.UpdateAuthTokenRequest{
		UserId:                 &w.user,
		AuthTokenId:            made.Id,
		UpdateAuthTokenDetails: identity.UpdateAuthTokenDetails{Description: common.String("other")},
		IfMatch:                made.Etag,
	}
	changed, err := w.admin.UpdateAuthToken(w.ctx, change)
	must(err)
	equal(*changed.Description, "other")
	that(changed.Token == nil && *changed.Etag != *made.Etag, "the token is shown once and the etag changes")
	_, err = w.admin.UpdateAuthToken(w.ctx, change)
	refused(err, 412, "NoEtagMatch")

	_, err = w.admin.CreateAuthToken(w.ctx, w.createToken("two"))
	must(err)
	_, err = w.admin.CreateAuthToken(w.ctx, w.createToken("three"))
	refused(err, 400, "LimitExceeded")
	_, err = w.admin.CreateAuthToken(w.ctx, w.createToken(strings.Repeat("x", 401)))
	refused(err, 400, "InvalidParameter")
	drop := identity.DeleteAuthTokenRequest{UserId: &w.user, AuthTokenId: made.Id}
	_, err = w.admin.DeleteAuthToken(w.ctx, drop)
	must(err)
	_, err = w.admin.DeleteAuthToken(w.ctx, drop)
	refused(err, 404, "NotAuthorizedOrNotFound")
	w.check(*made.Id, *made.Token, false)
}

func (w *walk) check(id, secret string, wanted bool) {
	var answer struct{ Valid bool }
	w.control(http.MethodPost, "oci/check", map[string]string{"id": id, "secret": secret}, &answer)
	equal(answer.Valid, wanted)
}

func secretKeys(w *walk) {
	create := identity.CreateCustomerSecretKeyRequest{
		UserId:                         &w.user,
		CreateCustomerSecretKeyDetails: identity.CreateCustomerSecretKeyDetails{DisplayName: common.String("s3")},
	}
	made, err := w.admin.CreateCustomerSecretKey(w.ctx, create)
	must(err)
	equal([]int{len(*made.Id), len(*made.Key)}, []int{40, 44})
	w.check(*made.Id, *made.Key, true)
	listed, err := w.admin.ListCustomerSecretKeys(w.ctx, identity.ListCustomerSecretKeysRequest{UserId: &w.user})
	must(err)
	equal([]string{*listed.Items[0].Id, *listed.Items[0].DisplayName}, []string{*made.Id, "s3"})
	equal(listed.Items[0].LifecycleState, identity.CustomerSecretKeySummaryLifecycleStateActive)

	changed, err := w.admin.UpdateCustomerSecretKey(w.ctx, identity.UpdateCustomerSecretKeyRequest{
		UserId:                         &w.user,
		CustomerSecretKeyId:            made.Id,
		UpdateCustomerSecretKeyDetails: identity.UpdateCustomerSecretKeyDetails{DisplayName: common.String("s4")},
		IfMatch:                        made.Etag,
	})
	must(err)
	equal(*changed.DisplayName, "s4")
	_, err = w.admin.CreateCustomerSecretKey(w.ctx, create)
	must(err)
	_, err = w.admin.CreateCustomerSecretKey(w.ctx, create)
	refused(err, 400, "LimitExceeded")
	drop := identity.DeleteCustomerSecretKeyRequest{UserId: &w.user, CustomerSecretKeyId: made.Id, IfMatch: made.Etag}
	_, err = w.admin.DeleteCustomerSecretKey(w.ctx, drop)
	refused(err, 412, "NoEtagMatch")
	drop.IfMatch = changed.Etag
	_, err = w.admin.DeleteCustomerSecretKey(w.ctx, drop)
	must(err)
}

func smtp(w *walk) {
	made, err := w.admin.CreateSmtpCredential(w.ctx, identity.CreateSmtpCredentialRequest{
		UserId:                      &w.user,
		CreateSmtpCredentialDetails: identity.CreateSmtpCredentialDetails{Description: common.String("mail")},
	})
	must(err)
	that(strings.HasPrefix(*made.Username, w.user+"@"), "the name for mail holds the user's OCID")
	w.check(*made.Id, *made.Password, true)
	listed, err := w.admin.ListSmtpCredentials(w.ctx, identity.ListSmtpCredentialsRequest{UserId: &w.user})
	must(err)
	equal(*listed.Items[0].Description, "mail")
	_, err = w.admin.DeleteSmtpCredential(w.ctx, identity.DeleteSmtpCredentialRequest{
		UserId: &w.user, SmtpCredentialId: made.Id, IfMatch: made.Etag,
	})
	must(err)
}
