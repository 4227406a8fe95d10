//! OpenAPI Generator's client for Rust, over reqwest.

use std::error::Error;
use std::sync::Arc;

use client::apis::Error::ResponseError;
use client::apis::account_invitations_api::{
    AccountInvitationsApi as _, AccountInvitationsApiClient, CreateAccountInvitationError,
    CreateAccountInvitationParams, DeleteAccountInvitationParams, GetAccountInvitationParams,
    GetAccountInvitationsParams, ResendAccountInvitationParams, UpdateAccountInvitationParams,
};
use client::apis::configuration::Configuration;
use client::models::{
    AccountInvitation, AccountInvitationCreate, AccountInvitationCreateBody, AccountInvitationEnvelope,
    AccountInvitationOrder, AccountInvitationPermission, AccountInvitationUpdate, AccountInvitationUpdateBody,
};

fn only(envelope: AccountInvitationEnvelope) -> AccountInvitation {
    envelope.account_invitations[&envelope.results[0].id].clone()
}

fn create(full_name: &str, email_address: &str) -> CreateAccountInvitationParams {
    let account_invitation = AccountInvitationCreate {
        permission: Some(AccountInvitationPermission::Collaborator),
        billability_target: Some(Some(75)),
        ..AccountInvitationCreate::new(email_address.to_owned(), full_name.to_owned())
    };
    let body = AccountInvitationCreateBody {
        account_invitation: Some(Box::new(account_invitation)),
        ..AccountInvitationCreateBody::default()
    };
    CreateAccountInvitationParams::builder().account_invitation_create_body(body).build()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let configuration = Configuration {
        base_path: arguments.next().ok_or("the first argument is the address")?,
        bearer_access_token: arguments.next(),
        ..Configuration::default()
    };
    let api = AccountInvitationsApiClient::new(Arc::new(configuration));

    let created = only(api.create_account_invitation(create("Nia Novak", "nia.novak@example.com")).await?);
    assert_eq!(created.billability_target, Some(Some(75)));
    let id: i64 = created.id.parse()?;
    let shown = api.get_account_invitation(GetAccountInvitationParams::builder().id(id).build()).await?;
    assert_eq!(only(shown).email_address, "nia.novak@example.com");
    let rate = AccountInvitationUpdate { bill_rate_in_cents: Some(Some(9000)), ..Default::default() };
    let body = AccountInvitationUpdateBody::new(rate);
    let change = UpdateAccountInvitationParams::builder().id(id).account_invitation_update_body(body).build();
    assert_eq!(only(api.update_account_invitation(change).await?).bill_rate_in_cents, Some(Some(9000)));
    let again = ResendAccountInvitationParams::builder().id(id).build();
    assert!(only(api.resend_account_invitation(again).await?).pending);
    let list = GetAccountInvitationsParams::builder()
        .by_full_name("Nia Novak".to_owned())
        .order(AccountInvitationOrder::FullNameColonAsc)
        .build();
    assert_eq!(api.get_account_invitations(list).await?.count, 1);
    api.delete_account_invitation(DeleteAccountInvitationParams::builder().id(id).build()).await?;

    let Err(ResponseError(refused)) = api.create_account_invitation(create("Ann", "administrator@example.com")).await
    else {
        return Err("a member was invited again".into());
    };
    assert_eq!(refused.status.as_u16(), 422);
    // All refusals have one schema, so the first variant takes them all.
    let Some(CreateAccountInvitationError::Status400(errors)) = refused.entity else {
        return Err(refused.content.into());
    };
    assert_eq!(errors.errors[0].field.as_deref(), Some("email_address"));
    Ok(())
}
