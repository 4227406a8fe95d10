-- The requests of one cell, for wrk: `wrk … -s load.lua URL -- OPERATION SEED FIRST COUNT [SAMPLE]`.
--
-- FIRST and COUNT are the ids of the generated invitations. The sequence of requests depends on the arguments alone, so
-- contestants with one seed are asked for the same, and a new seed invites new addresses. With SAMPLE, a file, the
-- first answers are written into it.

local INVITATIONS = "/api/v1/account_invitations"
local HEAD = " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nAuthorization: Bearer sandbox-administrator\r\n"
local BULK = 50
local PERMISSIONS = { "project_creator", "collaborator", "project_lead" }
local SAMPLED = 5

local random, format = math.random, string.format
local seed, first, last
local people = 0

local function get(path)
  return "GET " .. path .. HEAD .. "\r\n"
end

local function send(method, path, body)
  local head = method .. " " .. path .. HEAD .. "Content-Type: application/json\r\nContent-Length: "
  return head .. #body .. "\r\n\r\n" .. body
end

local function one()
  return INVITATIONS .. "/" .. random(first, last)
end

local function person()
  people = people + 1
  return format(
    '{"email_address":"new.%d.%d@bench.example.test","full_name":"New Person %d","headline":"Analyst",'
      .. '"bill_rate_in_cents":15000}', seed, people, people)
end

local operations = {
  show = function() return get(one()) end,
  list = function()
    return get(INVITATIONS .. "?per_page=50&page=" .. random(10) .. "&include=default_role,invitee,inviter")
  end,
  page = function() return get(INVITATIONS) end,
  members = function() return get("/api/v1/account_memberships?include=skill_memberships") end,
  holders = function()
    return get('/api/v1/account_memberships?include=skill_memberships&with_skills=%7B%22' .. first + 20 .. '%22:[]%7D')
  end,
  skills = function() return get("/api/v1/skill_memberships?include=skill,user") end,
  update = function()
    return send("PUT", one(), format(
      '{"account_invitation":{"permission":"%s","bill_rate_in_cents":%d,"billability_target":%d}}',
      PERMISSIONS[random(3)], random(0, 99999), random(0, 100)))
  end,
  -- Always the same fields, so that one text of a statement stands for all.
  rates = function()
    return send("PUT", one(), format(
      '{"account_invitation":{"bill_rate_in_cents":%d,"cost_rate_in_cents":%d}}', random(0, 99999), random(0, 99999)))
  end,
  create = function()
    return send("POST", INVITATIONS, '{"account_invitation":' .. person() .. "}")
  end,
  bulk = function()
    local list = {}
    for i = 1, BULK do list[i] = person() end
    return send("POST", INVITATIONS, '{"account_invitations":[' .. table.concat(list, ",") .. "]}")
  end,
}

local function sample_into(path)
  local file, answers = assert(io.open(path, "w")), 0
  return function(status, _, body)
    answers = answers + 1
    if answers <= SAMPLED then
      file:write(status, " ", body, "\n")
    end
    if answers == SAMPLED then
      file:close()
      wrk.thread:stop()
    end
  end
end

function init(args)
  seed, first = tonumber(args[2]), tonumber(args[3])
  last = first + tonumber(args[4]) - 1
  math.randomseed(seed)
  request = operations[args[1]]
  if args[5] then
    response = sample_into(args[5])
  end
end

function done(summary, latency)
  local errors = summary.errors
  -- wrk tells microseconds; status counts what is above 399.
  io.write(format(
    '{"answers":%d,"seconds":%.6f,"bytes":%.0f,"mean":%.1f,"p50":%.1f,"p99":%.1f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency.mean, latency:percentile(50),
    latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
