require_relative "session"

$stdout.sync = true
$stdin.set_encoding("UTF-8")
$stdin.each_line do |line|
  puts JSON.generate(claims: who_is(JSON.parse(line)["cookies"]))
end
