// What the drivers share: whom they invite, and how they check.

declare const process: { argv: string[] };

export const [base = "", token = ""] = process.argv.slice(2);

export const person = {
  full_name: "Nia Novak",
  email_address: "nia.novak@example.com",
  permission: "collaborator",
  billability_target: 75,
} as const;

// A member of the seed, who cannot be invited again.
export const member = { full_name: "Ann Other", email_address: "administrator@example.com" };

export function check(what: string, found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

export function given<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) {
    throw new Error(`there is no ${what}`);
  }
  return value;
}
