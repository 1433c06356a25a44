# An AMP client in Perl, written from doc/reference/amp.rst; core modules only.
#
#     perl client.pl unix:PATH
#     perl client.pl tcp:HOST:PORT ROLE SECRET
#
# Schedules, waits, sends a body of 1 MiB, meets an error; prints what it got as JSON.
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256 sha256_hex);
use IO::Socket::INET;
use IO::Socket::UNIX;
use JSON::PP;

my $json = JSON::PP->new->utf8;
my $tag  = 0;

sub connect_to {
    my ($kind, @where) = split /:/, shift;
    my $socket =
      $kind eq 'unix'
      ? IO::Socket::UNIX->new(Peer => $where[0])
      : IO::Socket::INET->new(PeerAddr => $where[0], PeerPort => $where[1]);
    die "cannot connect: $!" unless $socket;
    binmode $socket;
    return $socket;
}

sub read_bytes {
    my ($socket, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        read($socket, $bytes, $length - length $bytes, length $bytes) or die "connection lost";
    }
    return $bytes;
}

sub read_string { my $socket = shift; return read_bytes($socket, unpack 'n', read_bytes($socket, 2)) }

sub send_call {
    my ($socket, $command, %arguments) = @_;
    my %box = (_command => $command, _ask => ++$tag, %arguments);
    print {$socket} map({ pack('n/a* n/a*', $_, ref $box{$_} ? $json->encode($box{$_}) : $box{$_}) }
        keys %box), pack('n', 0);
    $socket->flush;
}

sub read_answer {
    my $socket = shift;
    my %box;
    while (length(my $key = read_string($socket))) { $box{$key} = read_string($socket) }
    return \%box;
}

sub call { send_call(@_); return read_answer($_[0]) }

sub proof {
    my ($secret, $who, $role, $nonces) = @_;
    return hmac_sha256(join("\0", 'jobqueue-amp-1', $who, $role, $nonces), $secret);
}

sub shake_hands {
    my ($socket, $role, $secret) = @_;
    open my $random, '<:raw', '/dev/urandom' or die $!;
    my $own       = read_bytes($random, 32);
    my $challenge = call($socket, 'Challenge', role => $role, nonce => $own);
    my $nonces    = $own . $challenge->{nonce};
    die "the engine does not know the secret"
      unless proof($secret, 'engine', $role, $nonces) eq $challenge->{proof};
    my $answer = call($socket, 'Prove', proof => proof($secret, 'client', $role, $nonces));
    die $answer->{_error_description} if $answer->{_error};
}

sub schedule_and_wait {
    my ($socket, %arguments) = @_;
    my $job = $json->decode(call($socket, 'Schedule', %arguments)->{job});
    return call($socket, 'Wait', job => $job->{id}, timeout => '20s');
}

sub whole_body {
    my ($socket, $answer) = @_;
    my ($run, $result) = map { $json->decode($answer->{$_}) } qw(run result);
    my $body = $answer->{body};
    while (length $body < $result->{size}) {
        my $piece = call($socket, 'Body',
            run => $run->{id}, attempt => $result->{attempt}, offset => length $body);
        $body .= $piece->{data};
    }
    return $body;
}

my ($address, $role, $secret) = @ARGV;
my $socket = connect_to($address);
shake_hands($socket, $role, $secret) if $secret;

my $hello = schedule_and_wait($socket,
    target => '/hello', method => 'POST', data => { name => "Zo\x{eb}" }, user => 'alice');

my $large = '0123456789abcdef' x 65_536;
my @pieces = unpack '(a60000)*', $large;
send_call($socket, 'Upload', upload => 1, data => $_) for @pieces;    # none waits for the last
read_answer($socket) for @pieces;
my $echoed = schedule_and_wait($socket, target => '/echo', method => 'PUT', upload => 1);

my $failure = call($socket, 'Schedule', target => '/x', at => 'teatimes');
my $many    = call($socket, 'ScheduleMany',
    jobs => [{ target => '/1' }, { target => 'nowhere' }], defaults => { after => '1h' });

print $json->encode({
    status  => $json->decode($hello->{result})->{status},
    text    => do { my $text = $hello->{body}; utf8::decode($text); $text },
    echoed  => sha256_hex(whole_body($socket, $echoed)),
    sent    => sha256_hex($large),
    failure => { code => $failure->{_error_code}, sentence => $failure->{_error_description} },
    many    => [map { ref $_ ? $_->{error} : 'id' } @{ $json->decode($many->{answers}) }],
}), "\n";
