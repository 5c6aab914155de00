(* Inequalities on the real line used for sub-Gaussian laws and moments:

     |x|^q <= q^q (e^x + e^{-x}) for real x and natural q         (power_le_exponentials)
     cosh t = (e^t + e^{-t})/2 <= e^{t^2/2}: the Rademacher law
       is 1-sub-Gaussian                                          (cosh_le_exp)
     2 + z^2 <= e^z + e^{-z}                                      (exp_sum_ge)
     if 2 + t^2 A <= 2 e^{S t^2/2} for every t > 0, then A <= S   (variance_limit)
     e^u (z - D) <= e^u (u - 1) + e^{z - D}                       (young_exp)
     e^u (z - D) <= e^u (u - 1) + Z e^{z - D} for Z >= 1          (young_mass). *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From AttentionBounds.foundation Require Import exponential_bounds.
Local Open Scope R_scope.

(* y <= q e^{y/q}, so y^q <= q^q e^y. *)
Lemma power_le_exponential y q : 0 <= y -> y^q <= INR q ^q * exp y.
Proof.
  intros Hy. destruct q as [|q].
  - simpl. rewrite Rmult_1_l. pose proof (exp_ge_1x y). lra.
  - assert (Hq : 0 < INR (S q)) by (apply lt_0_INR; lia).
    replace (exp y) with (exp (y / INR (S q)) ^ S q).
    + rewrite <- Rpow_mult_distr. apply pow_incr. split; auto.
      pose proof (exp_ge_1x (y / INR (S q))) as H.
      apply Rle_trans with (INR (S q) * (y / INR (S q))); [right; field; lra|].
      apply Rmult_le_compat_l; lra.
    + rewrite exp_pow. f_equal. field. lra.
Qed.

Theorem power_le_exponentials x q : Rabs x ^ q <= INR q ^ q * (exp x + exp (- x)).
Proof.
  apply Rle_trans with (INR q ^ q * exp (Rabs x)); [apply power_le_exponential, Rabs_pos|].
  apply Rmult_le_compat_l; [apply pow_le, pos_INR|].
  pose proof (exp_pos x). pose proof (exp_pos (- x)).
  destruct (Rle_lt_dec 0 x); [rewrite Rabs_pos_eq|rewrite Rabs_left]; lra.
Qed.

Lemma exp_ge_opp c : 0 <= c -> exp (- c) <= exp c.
Proof. intros [H|<-]; [left; apply exp_increasing; lra | rewrite Ropp_0; lra]. Qed.

(* t cosh t >= sinh t for t >= 0 *)
Lemma sinh_le_t_cosh t : 0 <= t -> 0 <= t * (exp t + exp (- t)) - (exp t - exp (- t)).
Proof.
  intros [Ht|<-]; [|rewrite Ropp_0; lra].
  pose (k := fun t => t * (exp t + exp (- t)) - (exp t - exp (- t))).
  assert (D : forall c, 0 <= c <= t -> derivable_pt_lim k c (c * (exp c - exp (- c)))).
  { intros c _. apply is_derive_Reals. unfold k. auto_derive; auto. ring. }
  destruct (MVT_cor2 k _ 0 t Ht D) as [c [E [Hc1 Hc2]]].
  assert (K0 : k 0 = 0) by (unfold k; rewrite Ropp_0; ring).
  pose proof (exp_ge_opp c ltac:(lra)). change (0 <= k t).
  assert (0 <= c * (exp c - exp (- c)) * (t - 0)) by (repeat apply Rmult_le_pos; lra).
  lra.
Qed.

Lemma cosh_le_exp_pos t : 0 <= t -> (exp t + exp (- t)) / 2 <= exp (t^2 / 2).
Proof.
  intros Ht0. destruct (Ht0) as [Ht|<-].
  2:{ rewrite Ropp_0. replace (0^2/2) with 0 by field. rewrite exp_0. lra. }
  pose (F := fun t => (exp t + exp (- t)) * exp (- (t^2 / 2))).
  assert (D : forall c, 0 <= c <= t -> derivable_pt_lim F c
    (- (c * (exp c + exp (- c)) - (exp c - exp (- c))) * exp (- (c^2/2)))).
  { intros c _. apply is_derive_Reals. unfold F. auto_derive; auto.
    replace (- (c * (c * 1) * / 2)) with (- (c^2/2)) by (simpl; field). simpl. field. }
  destruct (MVT_cor2 F _ 0 t Ht D) as [c [E [Hc1 Hc2]]].
  assert (F0 : F 0 = 2).
  { unfold F. replace (- (0^2/2)) with 0 by field. rewrite Ropp_0, exp_0. ring. }
  pose proof (sinh_le_t_cosh c ltac:(lra)) as HK. pose proof (exp_pos (- (c^2/2))) as HE.
  assert (0 <= (c * (exp c + exp (- c)) - (exp c - exp (- c))) * exp (- (c^2/2)) * (t - 0))
    by (repeat apply Rmult_le_pos; lra).
  assert (HF : F t <= 2) by lra. unfold F in HF. rewrite (exp_Ropp (t^2/2)) in HF.
  pose proof (exp_pos (t^2/2)) as HP.
  apply (Rmult_le_compat_r (exp (t^2/2))) in HF; [|lra].
  rewrite Rmult_assoc, Rinv_l in HF by lra. lra.
Qed.

Theorem cosh_le_exp t : (exp t + exp (- t)) / 2 <= exp (t^2 / 2).
Proof.
  destruct (Rle_lt_dec 0 t) as [H|H]; [now apply cosh_le_exp_pos|].
  replace (t^2/2) with ((- t)^2/2) by field.
  rewrite Rplus_comm. rewrite <- (Ropp_involutive t) at 2. apply cosh_le_exp_pos. lra.
Qed.

Lemma sinh_ge u : 0 <= u -> 2 * u <= exp u - exp (- u).
Proof. intros Hu. pose proof (exp_quad u Hu). pose proof (exp_neg_quad u Hu). lra. Qed.

Lemma exp_sum_ge z : 2 + z ^ 2 <= exp z + exp (- z).
Proof.
  assert (P : forall u, 0 <= u -> 2 + u ^ 2 <= exp u + exp (- u)).
  { intros u Hu. pose proof (sinh_ge (u / 2) ltac:(lra)) as H.
    assert (E1 : exp u = exp (u / 2) * exp (u / 2)) by (rewrite <- exp_plus; f_equal; field).
    assert (E2 : exp (- u) = exp (- (u / 2)) * exp (- (u / 2))) by (rewrite <- exp_plus; f_equal; field).
    assert (E3 : exp (u / 2) * exp (- (u / 2)) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    rewrite E1, E2. set (a := exp (u / 2)) in *. set (b := exp (- (u / 2))) in *. nra. }
  destruct (Rle_lt_dec 0 z) as [Hz|Hz]; [now apply P|].
  pose proof (P (- z) ltac:(lra)) as H. rewrite Ropp_involutive in H. lra.
Qed.

Lemma exp_small u : 0 <= u <= 1 / 2 -> exp u <= 1 + u + 2 * u ^ 2.
Proof.
  intros Hu. pose proof (exp_ge_1x (- u)) as H. rewrite exp_Ropp in H.
  pose proof (exp_pos u). apply (Rmult_le_compat_l (exp u)) in H; [|lra].
  rewrite Rinv_r in H by lra. apply Rmult_le_reg_r with (1 - u); [lra|].
  apply Rle_trans with 1; [lra|]. nra.
Qed.

Lemma variance_limit A S : 0 <= S -> (forall t, 0 < t -> 2 + t ^ 2 * A <= 2 * exp (S * t ^ 2 / 2)) -> A <= S.
Proof.
  intros HS H. apply Rnot_lt_le. intros Hlt. set (e := A - S). assert (He : 0 < e) by (unfold e; lra).
  set (q := 2 * (S + 1) ^ 2 + S + 1 + (S + 1) ^ 2 / e).
  assert (0 < (S + 1) ^ 2 / e) by (apply Rdiv_lt_0_compat; [apply pow_lt|]; lra).
  assert (Hq : 0 < q) by (unfold q; nra).
  assert (Hi : 0 < / q) by now apply Rinv_0_lt_compat.
  specialize (H (sqrt (/ q)) (sqrt_lt_R0 _ Hi)). rewrite pow2_sqrt in H by lra.
  set (z := / q) in *. assert (Hz : z * q = 1) by (apply Rinv_l; lra).
  assert (HSz : S * z <= 1) by (unfold q in Hz; nra).
  pose proof (exp_small (S * z / 2) ltac:(nra)) as K.
  assert (M : z * A <= z * S + (S * z) ^ 2) by nra.
  assert (A <= S + S ^ 2 * z) by (apply Rmult_le_reg_l with z; [assumption|nra]).
  assert (S ^ 2 * z < e).
  { apply Rmult_lt_reg_r with q; auto. rewrite Rmult_assoc, Hz.
    assert (e * ((S + 1) ^ 2 / e) = (S + 1) ^ 2) by (field; lra). unfold q. nra. }
  unfold e in *. lra.
Qed.

Lemma young_exp u z D : exp u * (z - D) <= exp u * (u - 1) + exp (- D) * exp z.
Proof.
  rewrite <- exp_plus. pose proof (exp_ge_1x (- D + z - u)) as H. pose proof (exp_pos u).
  apply (Rmult_le_compat_l (exp u)) in H; [|lra].
  rewrite <- exp_plus in H. replace (u + (- D + z - u)) with (- D + z) in H by ring. lra.
Qed.

Lemma young_mass Z u z D : 1 <= Z -> exp u * (z - D) <= exp u * (u - 1) + Z * exp (- D) * exp z.
Proof.
  intros HZ. pose proof (young_exp (u - ln Z) z D) as H.
  assert (E : exp (u - ln Z) * Z = exp u).
  { unfold Rminus. rewrite exp_plus, exp_Ropp, exp_ln by lra. field. lra. }
  assert (HL : 0 <= ln Z).
  { rewrite <- ln_1. destruct HZ as [HZ| <-]; [left; apply ln_increasing; lra|lra]. }
  apply (Rmult_le_compat_r Z) in H; [|lra].
  replace (exp (u - ln Z) * (z - D) * Z) with (exp u * (z - D)) in H by (rewrite <- E; ring).
  replace ((exp (u - ln Z) * (u - ln Z - 1) + exp (- D) * exp z) * Z)
    with (exp u * (u - 1) - exp u * ln Z + Z * exp (- D) * exp z) in H by (rewrite <- E; ring).
  pose proof (exp_pos u). nra.
Qed.
