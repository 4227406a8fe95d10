//! The ninety filters that the vendor publishes for the four lists (E14).

use invited::testing::REGISTRY;

use crate::support::Server;

/// They test what is here.
const TESTED: &[(&str, &[&str])] = &[
    (
        "users",
        &[
            "account_id",
            "account_role_ids",
            "by_email_address",
            "by_email_addresses",
            "by_full_name",
            "by_full_name_or_account_role",
            "can_view_reports",
            "created_after",
            "created_before",
            "updated_after",
            "updated_before",
            "external_reference_external_message",
            "external_reference_external_status",
            "external_reference_service_model",
            "external_reference_service_model_ref",
            "external_reference_service_model_refs",
            "external_reference_service_name",
            "external_reference_status",
            "has_external_references",
            "without_external_reference_service_name",
            "is_project_lead",
            "managers",
            "matching",
            "on_my_account",
            "only_possible_managees",
            "only_possible_managers",
            "show_disabled",
            "with_skills",
            "without_skills",
            "with_users",
            "without_users",
        ],
    ),
    (
        "roles",
        &[
            "created_after",
            "created_before",
            "updated_after",
            "updated_before",
            "external_reference_external_message",
            "external_reference_external_status",
            "external_reference_service_model",
            "external_reference_service_model_ref",
            "external_reference_service_model_refs",
            "external_reference_service_name",
            "external_reference_status",
            "has_external_references",
            "without_external_reference_service_name",
            "matching",
            "only_active",
        ],
    ),
    (
        "account_memberships",
        &[
            "by_full_name",
            "by_user_id",
            "can_log_in",
            "created_after",
            "created_before",
            "updated_after",
            "updated_before",
            "only_active",
            "only_inactive",
            "with_skills",
            "with_user_ids",
        ],
    ),
    ("account_invitations", &["by_full_name", "only_pending"]),
];

/// They ask for what nobody can have here: projects, skills, custom fields, organizations and the like.
const NOTHING: &[(&str, &[&str])] = &[
    (
        "users",
        &[
            "participant_in",
            "write_access_in",
            "assignable_to_resource",
            "can_be_approver_in_workspace",
            "potential_followers_for_story",
            "belonging_to_orgs",
            "by_custom_choice_value",
            "by_custom_currency_value",
            "by_custom_date_value",
            "by_custom_number_value",
            "by_custom_text_value",
            "has_value_for_custom_field_ids",
            "all_contacts",
            "contacts_on_different_account",
            "clients_only",
            "consultants_only",
            "provider_leads_on_account_projects",
            "show_users_in_insights_groups",
            "with_created_estimates",
            "with_organizations",
        ],
    ),
    ("roles", &["for_rate_card", "for_scenario_rate_card", "for_workspace", "for_workspace_rate_card"]),
];

/// Their negations.
const EVERYTHING: &[(&str, &[&str])] = &[
    (
        "users",
        &[
            "not_participant_in",
            "not_assigned_to",
            "not_following",
            "not_on_calendars",
            "without_timesheet_submission",
            "on_my_account_or_participant_in_workspace",
        ],
    ),
    ("roles", &["not_on_rate_card_set_version"]),
];

#[test]
fn every_published_filter_is_known() {
    let mut known = 0;
    for (resource, names) in [TESTED, NOTHING, EVERYTHING].into_iter().flatten() {
        let entry = REGISTRY.iter().find(|entry| entry.resource.name == *resource).unwrap();
        for name in *names {
            assert!(entry.resource.filters().any(|filter| filter.name == *name), "{resource} {name}");
            known += 1;
        }
    }
    assert_eq!(known, 90);
}

#[test]
fn what_nobody_has_finds_nobody_and_what_everybody_lacks_finds_everybody() {
    let server = Server::start();
    for (resource, names) in NOTHING {
        for name in *names {
            for value in ["true", "7"] {
                assert!(server.ids_at(&format!("/{resource}?{name}={value}")).is_empty(), "{resource} {name}={value}");
            }
            assert!(!server.ids_at(&format!("/{resource}?{name}=")).is_empty(), "a blank {name} is absent");
        }
    }
    for (resource, names) in EVERYTHING {
        let all = server.ids_at(&format!("/{resource}"));
        for name in *names {
            assert_eq!(server.ids_at(&format!("/{resource}?{name}=7")), all, "{resource} {name}");
        }
    }
    let everybody = server.ids_at("/users");
    for name in ["with_created_estimates", "with_organizations", "managers"] {
        assert_eq!(server.ids_at(&format!("/users?{name}=false")), everybody, "{name}");
    }
}
