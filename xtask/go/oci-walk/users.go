package main

import (
	"fmt"
	"net/http"
	"sort"
	"strings"

	"github.com/oracle/oci-go-sdk/v65/common"
	"github.com/oracle/oci-go-sdk/v65/identity"
)

func users(w *walk) {
	details := identity.CreateUserDetails{
		CompartmentId: &w.config.Tenancy,
		Name:          common.String("robot"),
		Description:   common.String("a robot"),
		FreeformTags:  map[string]string{"owner": "a"},
	}
	made, err := w.admin.CreateUser(w.ctx, identity.CreateUserRequest{CreateUserDetails: details})
	must(err)
	that(strings.HasPrefix(*made.Id, "ocid1.user.oc1.."), "an OCID names its kind")
	equal(made.FreeformTags, map[string]string{"owner": "a"})
	equal(made.LifecycleState, identity.UserLifecycleStateActive)
	that(*made.Capabilities.CanUseApiKeys, "a new user is capable of API keys")
	got, err := w.admin.GetUser(w.ctx, identity.GetUserRequest{UserId: made.Id})
	must(err)
	equal(got.User, made.User)
	equal(got.Etag, made.Etag)
	_, err = w.admin.CreateUser(w.ctx, identity.CreateUserRequest{CreateUserDetails: details})
	refused(err, 409, "NotAuthorizedOrResourceAlreadyExists")
	_, err = w.admin.DeleteUser(w.ctx, identity.DeleteUserRequest{UserId: made.Id, IfMatch: made.Etag})
	must(err)
	_, err = w.admin.GetUser(w.ctx, identity.GetUserRequest{UserId: made.Id})
	refused(err, 404, "NotAuthorizedOrNotFound")
}

func regions(w *walk) {
	tenancy, err := w.admin.GetTenancy(w.ctx, identity.GetTenancyRequest{TenancyId: &w.config.Tenancy})
	must(err)
	equal(*tenancy.HomeRegionKey, "IAD")
	request := identity.ListRegionSubscriptionsRequest{TenancyId: &w.config.Tenancy}
	subscribed, err := w.admin.ListRegionSubscriptions(w.ctx, request)
	must(err)
	home := []string{}
	for _, region := range subscribed.Items {
		if *region.IsHomeRegion {
			home = append(home, *region.RegionKey, *region.RegionName)
		}
	}
	equal(home, []string{"IAD", "us-ashburn-1"})
	equal(len(subscribed.Items), 3)

	w.upload(w.pairs[0])
	there := at(w.admin, "us-phoenix-1")
	found, err := w.listed(there)
	must(err)
	equal(len(found), 1)
	_, err = there.UploadApiKey(w.ctx, w.uploadOf(w.pairs[1].publicPEM))
	words := "Please go to your home region IAD to execute CREATE, UPDATE and DELETE operations."
	equal(refused(err, 403, "NotAllowed"), words)
	drop := identity.DeleteApiKeyRequest{UserId: &w.user, Fingerprint: &w.pairs[0].fingerprint}
	_, err = there.DeleteApiKey(w.ctx, drop)
	equal(refused(err, 403, "NotAllowed"), words)
	_, err = at(w.admin, "us-ashburn-1").DeleteApiKey(w.ctx, drop)
	must(err)
	_, err = w.listed(at(w.admin, "ap-tokyo-1"))
	unauthenticated(err)
}

func permissions(w *walk) {
	w.upload(w.pairs[0])
	own := w.as(w.pairs[0])
	_, err := w.listed(own)
	must(err)
	_, err = own.UploadApiKey(w.ctx, w.uploadOf(w.pairs[1].publicPEM))
	must(err)
	_, err = own.ListApiKeys(w.ctx, identity.ListApiKeysRequest{UserId: &w.config.User})
	refused(err, 404, "NotAuthorizedOrNotFound")
	_, err = own.UpdateUser(w.ctx, w.tagging(map[string]string{"a": "b"}, nil))
	refused(err, 404, "NotAuthorizedOrNotFound")
	_, err = own.ListRegionSubscriptions(w.ctx, identity.ListRegionSubscriptionsRequest{TenancyId: &w.config.Tenancy})
	refused(err, 404, "NotAuthorizedOrNotFound")
	w.control(http.MethodPut, "oci/users/ci/allow", []string{"UpdateUser"}, nil)
	_, err = own.UpdateUser(w.ctx, w.tagging(map[string]string{"a": "b"}, nil))
	must(err)
	w.control(http.MethodPut, "oci/users/ci/deny", []string{"ListApiKeys"}, nil)
	_, err = w.listed(own)
	refused(err, 404, "NotAuthorizedOrNotFound")
}

func capabilities(w *walk) {
	w.upload(w.pairs[0])
	answer, err := w.admin.UpdateUserCapabilities(w.ctx, identity.UpdateUserCapabilitiesRequest{
		UserId:                        &w.user,
		UpdateUserCapabilitiesDetails: identity.UpdateUserCapabilitiesDetails{CanUseApiKeys: common.Bool(false)},
	})
	must(err)
	equal([]bool{*answer.Capabilities.CanUseApiKeys, *answer.Capabilities.CanUseAuthTokens}, []bool{false, true})
	_, err = w.listed(w.as(w.pairs[0]))
	unauthenticated(err)
	_, err = w.admin.UploadApiKey(w.ctx, w.uploadOf(w.pairs[1].publicPEM))
	refused(err, 403, "NotAllowed")
}

func (w *walk) tagging(tags map[string]string, etag *string) identity.UpdateUserRequest {
	return identity.UpdateUserRequest{
		UserId:            &w.user,
		UpdateUserDetails: identity.UpdateUserDetails{FreeformTags: tags},
		IfMatch:           etag,
	}
}

func tags(w *walk) {
	before, err := w.admin.GetUser(w.ctx, identity.GetUserRequest{UserId: &w.user})
	must(err)
	wanted := map[string]string{"keyrotation-x": "a b, ä", "other": ""}
	after, err := w.admin.UpdateUser(w.ctx, w.tagging(wanted, before.Etag))
	must(err)
	equal(after.FreeformTags, wanted)
	equal(*after.Description, *before.Description)
	_, err = w.admin.UpdateUser(w.ctx, w.tagging(map[string]string{"late": ""}, before.Etag))
	refused(err, 412, "NoEtagMatch")
	got, err := w.admin.GetUser(w.ctx, identity.GetUserRequest{UserId: &w.user})
	must(err)
	equal(got.FreeformTags, wanted)
	equal(got.Etag, after.Etag)

	many := map[string]string{}
	for n := range 11 {
		many[fmt.Sprint("k", n)] = "v"
	}
	for _, bad := range []map[string]string{many, {"a.b": ""}, {"a b": ""}, {"k": strings.Repeat("v", 257)}} {
		_, err = w.admin.UpdateUser(w.ctx, w.tagging(bad, nil))
		refused(err, 400, "InvalidParameter")
	}
	emptied, err := w.admin.UpdateUser(w.ctx, w.tagging(map[string]string{}, nil))
	must(err)
	equal(emptied.FreeformTags, map[string]string{})
}

func pages(w *walk) {
	for n := range 5 {
		w.control(http.MethodPost, "oci/users", map[string]string{"name": fmt.Sprint("u", n)}, nil)
	}
	names, sizes := []string{}, []int{}
	request := identity.ListUsersRequest{CompartmentId: &w.config.Tenancy, Limit: common.Int(3)}
	for {
		page, err := w.admin.ListUsers(w.ctx, request)
		must(err)
		sizes = append(sizes, len(page.Items))
		for _, user := range page.Items {
			names = append(names, *user.Name)
		}
		if page.OpcNextPage == nil {
			break
		}
		request.Page = page.OpcNextPage
	}
	sort.Strings(names)
	equal(sizes, []int{3, 3, 1})
	equal(names, []string{"admin", "ci", "u0", "u1", "u2", "u3", "u4"})
	request.Page = common.String("no page of ours")
	_, err := w.admin.ListUsers(w.ctx, request)
	refused(err, 400, "InvalidParameter")
}

func retryTokens(w *walk) {
	create := w.createToken("once")
	create.OpcRetryToken = common.String("token-of-ours")
	first, err := w.admin.CreateAuthToken(w.ctx, create)
	must(err)
	again, err := w.admin.CreateAuthToken(w.ctx, create)
	must(err)
	equal(again.AuthToken, first.AuthToken)
	equal(again.Etag, first.Etag)
	other := w.createToken("something else")
	other.OpcRetryToken = create.OpcRetryToken
	_, err = w.admin.CreateAuthToken(w.ctx, other)
	refused(err, 400, "InvalidParameter")
	_, err = w.admin.DeleteAuthToken(w.ctx, identity.DeleteAuthTokenRequest{UserId: &w.user, AuthTokenId: first.Id})
	must(err)
	_, err = w.admin.CreateAuthToken(w.ctx, create)
	refused(err, 409, "InvalidatedRetryToken")

	upload := w.uploadOf(w.pairs[0].publicPEM)
	upload.OpcRetryToken = common.String("another-token")
	key, err := w.admin.UploadApiKey(w.ctx, upload)
	must(err)
	same, err := w.admin.UploadApiKey(w.ctx, upload)
	must(err)
	equal(same.ApiKey, key.ApiKey)
	upload.OpcRetryToken = common.String(strings.Repeat("t", 65))
	_, err = w.admin.UploadApiKey(w.ctx, upload)
	refused(err, 400, "InvalidParameter")
}

func requestIDs(w *walk) {
	sent := "0123456789ABCDEF0123456789ABCDEF"
	answer, err := w.admin.ListApiKeys(w.ctx, identity.ListApiKeysRequest{UserId: &w.user})
	must(err)
	that(strings.Count(*answer.OpcRequestId, "/") == 2, "a request id has three parts")
	client := w.client(w.config.provider())
	client.HTTPClient = tamper{func(request *http.Request) { request.Header.Set("opc-request-id", sent) }, client.HTTPClient}
	answer, err = client.ListApiKeys(w.ctx, identity.ListApiKeysRequest{UserId: &w.user})
	must(err)
	that(strings.HasPrefix(*answer.OpcRequestId, sent+"/"), "the id that was sent comes first")
}

func faults(w *walk) {
	befall := func(fault map[string]any) {
		w.control(http.MethodPost, "faults", map[string]any{"on": "ListApiKeys", "fault": fault}, nil)
	}
	befall(map[string]any{"kind": "throttle"})
	_, err := w.listed(w.admin)
	refused(err, 429, "TooManyRequests")
	befall(map[string]any{"kind": "error_before", "status": 500, "code": "InternalServerError"})
	_, err = w.listed(w.admin)
	refused(err, 500, "InternalServerError")
	for _, kind := range []string{"drop_before", "drop_after", "cut_body", "hang"} {
		befall(map[string]any{"kind": kind})
		_, err = w.listed(w.admin)
		_, answered := common.IsServiceError(err)
		that(err != nil && !answered, kind)
	}
	var journal []struct{ Action, Outcome, Fault string }
	w.control(http.MethodGet, "journal", nil, &journal)
	outcomes := []string{}
	for _, entry := range journal {
		equal(entry.Action, "ListApiKeys")
		outcomes = append(outcomes, entry.Outcome)
	}
	equal(outcomes, []string{"", "", "", "OK", "OK", ""})
}
