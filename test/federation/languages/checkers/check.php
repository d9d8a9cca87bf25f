<?php
require __DIR__ . '/session.php';

while (($line = fgets(STDIN)) !== false) {
    $claims = who_is(json_decode($line, true)['cookies']);
    echo json_encode(['claims' => $claims]), "\n";
}
