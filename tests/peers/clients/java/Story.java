import client.ApiClient;
import client.ApiException;
import client.api.AccountInvitationsApi;
import client.model.AccountInvitation;
import client.model.AccountInvitationCreate;
import client.model.AccountInvitationCreateBody;
import client.model.AccountInvitationEnvelope;
import client.model.AccountInvitationOrder;
import client.model.AccountInvitationPermission;
import client.model.AccountInvitationUpdate;
import client.model.AccountInvitationUpdateBody;
import client.model.ErrorResponse;

/** OpenAPI Generator's client for Java, over java.net.http. */
public class Story {
    static AccountInvitation only(AccountInvitationEnvelope envelope) {
        return envelope.getAccountInvitations().get(envelope.getResults().get(0).getId());
    }

    static AccountInvitationsApi.APICreateAccountInvitationRequest create(String name, String address) {
        var invitation = new AccountInvitationCreate()
            .fullName(name)
            .emailAddress(address)
            .permission(AccountInvitationPermission.COLLABORATOR)
            .billabilityTarget(75);
        var body = new AccountInvitationCreateBody().accountInvitation(invitation);
        return AccountInvitationsApi.APICreateAccountInvitationRequest.newBuilder()
            .accountInvitationCreateBody(body)
            .build();
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    public static void main(String[] arguments) throws Exception {
        var client = new ApiClient();
        client.updateBaseUri(arguments[0]);
        client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + arguments[1]));
        var api = new AccountInvitationsApi(client);

        var created = only(api.createAccountInvitation(create("Nia Novak", "nia.novak@example.com")));
        check(created.getBillabilityTarget() == 75, "target");
        var id = Long.valueOf(created.getId());
        var show = AccountInvitationsApi.APIGetAccountInvitationRequest.newBuilder().id(id).build();
        check(only(api.getAccountInvitation(show)).getEmailAddress().equals("nia.novak@example.com"), "shown");
        var rate = new AccountInvitationUpdateBody()
            .accountInvitation(new AccountInvitationUpdate().billRateInCents(9000));
        var change = AccountInvitationsApi.APIUpdateAccountInvitationRequest.newBuilder()
            .id(id)
            .accountInvitationUpdateBody(rate)
            .build();
        check(only(api.updateAccountInvitation(change)).getBillRateInCents() == 9000, "changed");
        var again = AccountInvitationsApi.APIResendAccountInvitationRequest.newBuilder().id(id).build();
        check(only(api.resendAccountInvitation(again)).getPending(), "sent again");
        var list = AccountInvitationsApi.APIGetAccountInvitationsRequest.newBuilder()
            .byFullName("Nia Novak")
            .order(AccountInvitationOrder.FULL_NAME_ASC)
            .build();
        check(api.getAccountInvitations(list).getCount() == 1, "listed");
        var delete = AccountInvitationsApi.APIDeleteAccountInvitationRequest.newBuilder().id(id).build();
        check(api.deleteAccountInvitationWithHttpInfo(delete).getStatusCode() == 204, "deleted");

        try {
            api.createAccountInvitation(create("Ann Other", "administrator@example.com"));
            throw new IllegalStateException("a member was invited again");
        } catch (ApiException refused) {
            check(refused.getCode() == 422, "refused with " + refused.getCode());
            var errors = client.getObjectMapper().readValue(refused.getResponseBody(), ErrorResponse.class);
            check(errors.getErrors().get(0).getField().equals("email_address"), "field");
        }
    }
}
