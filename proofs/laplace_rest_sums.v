(* Sums and samples with one term removed, and the second difference of 1/x^2.

     skip i j              j if j < i, j+1 otherwise: numbers the terms other than i
     rest w i              w_0 + ... + w_{L-1} without w_i
     rest2 w i j           the same without w_i and w_j
     skip_product_rule     removing a token from an independent sample leaves an
                           independent sample
     second_difference_le  |1/(V+x+y)^2 - 1/(V+x)^2 - 1/(V+y)^2 + 1/V^2| <= 6xy/V^4 *)
From Coq Require Import Reals Lra Lia Psatz PeanoNat.
From AttentionBounds Require Import finite_sums abstract_expectation independence.
Local Open Scope R_scope.

Definition skip (i j : nat) : nat := if Nat.ltb j i then j else S j.

Lemma skip_neq i j : skip i j <> i.
Proof. unfold skip. destruct (Nat.ltb_spec j i); lia. Qed.

Lemma skip_lt i j m : (i < S m)%nat -> (j < m)%nat -> (skip i j < S m)%nat.
Proof. unfold skip. destruct (Nat.ltb_spec j i); lia. Qed.

(* every index other than i is skip i j' for one j' *)
Lemma skip_onto i j m : (i < S m)%nat -> (j < S m)%nat -> i <> j ->
  exists j', (j' < m)%nat /\ skip i j' = j.
Proof.
  intros Hi Hj Hne. destruct (Nat.lt_ge_cases j i) as [H|H].
  - exists j. split; [lia|]. unfold skip. destruct (Nat.ltb_spec j i); lia.
  - exists (j - 1)%nat. split; [lia|]. unfold skip. destruct (Nat.ltb_spec (j - 1) i); lia.
Qed.

Lemma rsum_remove m i a : (i < S m)%nat -> rsum (S m) a = a i + rsum m (fun j => a (skip i j)).
Proof.
  induction m as [|m IH]; intros Hi.
  - replace i with 0%nat by lia. simpl. ring.
  - destruct (Nat.eq_dec i (S m)) as [->|Hne].
    + cbn [rsum]. rewrite (rsum_ext m (fun j => a (skip (S m) j)) a).
      * unfold skip. destruct (Nat.ltb_spec m (S m)); [|lia]. ring.
      * intros j Hj. unfold skip. destruct (Nat.ltb_spec j (S m)); [auto|lia].
    + change (rsum (S m) a + a (S m) = a i + (rsum m (fun j => a (skip i j)) + a (skip i m))).
      rewrite IH by lia. unfold skip at 3. destruct (Nat.ltb_spec m i); [lia|]. ring.
Qed.

Lemma rprod_remove m i a : (i < S m)%nat -> rprod (S m) a = a i * rprod m (fun j => a (skip i j)).
Proof.
  induction m as [|m IH]; intros Hi.
  - replace i with 0%nat by lia. simpl. ring.
  - destruct (Nat.eq_dec i (S m)) as [->|Hne].
    + cbn [rprod]. rewrite (rprod_ext m (fun j => a (skip (S m) j)) a).
      * unfold skip. destruct (Nat.ltb_spec m (S m)); [|lia]. ring.
      * intros j Hj. unfold skip. destruct (Nat.ltb_spec j (S m)); [auto|lia].
    + change (rprod (S m) a * a (S m) = a i * (rprod m (fun j => a (skip i j)) * a (skip i m))).
      rewrite IH by lia. unfold skip at 3. destruct (Nat.ltb_spec m i); [lia|]. ring.
Qed.

Lemma skip_product_rule {Om T : Type} (P : Expectation Om) (mu : Expectation T) X m i :
  (i < S m)%nat -> product_rule P mu X (S m) -> product_rule P mu (fun j => X (skip i j)) m.
Proof.
  intros Hi PR g g0 Ig.
  (* the functions g, renumbered, and 1 at place i *)
  pose (h := fun j => if Nat.eqb j i then (fun _ : T => 1) else
                      if Nat.ltb j i then g j else g (j - 1)%nat).
  assert (Hh : forall j, h (skip i j) = g j).
  { intros j. unfold h. destruct (Nat.eqb_spec (skip i j) i) as [E|_].
    - now destruct (skip_neq i j).
    - unfold skip. destruct (Nat.ltb_spec j i).
      + destruct (Nat.ltb_spec j i); [auto|lia].
      + destruct (Nat.ltb_spec (S j) i); [lia|]. f_equal; lia. }
  assert (Hi1 : forall x, h i x = 1) by (intros x; unfold h; now rewrite Nat.eqb_refl).
  destruct (PR h) as [I E].
  - intros j x. unfold h. destruct (Nat.eqb j i); [lra|]. destruct (Nat.ltb j i); auto.
  - intros j. unfold h. destruct (Nat.eqb j i); [apply Int_const|]. destruct (Nat.ltb j i); auto.
  - assert (EQ : forall o, rprod (S m) (fun j => h j (X j o))
      = rprod m (fun j => g j (X (skip i j) o))).
    { intros o. rewrite (rprod_remove m i) by auto. rewrite Hi1, Rmult_1_l.
      apply rprod_ext; intros j _. now rewrite Hh. }
    split; [eapply Int_ext; [exact EQ|exact I]|].
    rewrite <- (Ex_ext P _ _ EQ I), E, (rprod_remove m i) by auto.
    assert (E1 : Ex mu (h i) = 1).
    { rewrite <- (Ex_const mu 1). symmetry. apply Ex_ext; [now intros|apply Int_const]. }
    rewrite E1, Rmult_1_l. apply rprod_ext; intros j _. now rewrite Hh.
Qed.

(* ---- sums without one or two terms ---- *)

Section Rest.
Variables (m : nat) (w : nat -> R).
Hypothesis w_pos : forall i, 0 < w i.

Definition rest (i : nat) : R := rsum m (fun j => w (skip i j)).
Definition rest2 (i j : nat) : R := rsum (S m) w - w i - w j.

Lemma rest_sum i : (i < S m)%nat -> rsum (S m) w = w i + rest i.
Proof. intros Hi. now apply rsum_remove. Qed.

Lemma rest_pos i : (0 < m)%nat -> 0 < rest i.
Proof. intros Hm. apply rsum_gt0; auto. Qed.

Lemma rest2_sum i j : (i < S m)%nat -> rest i = w j + rest2 i j.
Proof. intros Hi. unfold rest2. rewrite (rest_sum i) by auto. ring. Qed.

Lemma rest2_sym i j : rest2 i j = rest2 j i.
Proof. unfold rest2. ring. Qed.
End Rest.

Lemma rest2_rest m w i j : (i < S (S m))%nat -> (j < S m)%nat ->
  rest2 (S m) w i (skip i j) = rest m (fun l => w (skip i l)) j.
Proof.
  intros Hi Hj. unfold rest2. rewrite (rest_sum (S m) w i) by auto. unfold rest at 1.
  rewrite (rest_sum m (fun l => w (skip i l)) j) by auto. ring.
Qed.

(* ---- the second difference ---- *)

Lemma second_difference_le x y V : 0 <= x -> 0 <= y -> 0 < V ->
  Rabs (/ (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2) <= 6 * (x * y) * / V^4.
Proof.
  intros Hx Hy HV.
  assert (H1 : 0 < V + x) by lra. assert (H2 : 0 < V + y) by lra. assert (H3 : 0 < V + x + y) by lra.
  set (D := V^2 * (V + x)^2 * (V + y)^2 * (V + x + y)^2).
  assert (HD : 0 < D).
  { unfold D. apply Rmult_lt_0_compat; [|now apply pow_lt].
    apply Rmult_lt_0_compat; [|now apply pow_lt].
    apply Rmult_lt_0_compat; now apply pow_lt. }
  assert (P : forall a b c : nat, 0 <= x^a * y^b * V^c).
  { intros. repeat apply Rmult_le_pos; apply pow_le; lra. }
  assert (E1 : / (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2 =
      (1 * (x^4 * y^2 * V^0) + 2 * (x^4 * y^1 * V^1) + 2 * (x^3 * y^3 * V^0)
      + 8 * (x^3 * y^2 * V^1) + 8 * (x^3 * y^1 * V^2) + 1 * (x^2 * y^4 * V^0)
      + 8 * (x^2 * y^3 * V^1) + 18 * (x^2 * y^2 * V^2) + 12 * (x^2 * y^1 * V^3)
      + 2 * (x^1 * y^4 * V^1) + 8 * (x^1 * y^3 * V^2) + 12 * (x^1 * y^2 * V^3)
      + 6 * (x^1 * y^1 * V^4)) * / D).
  { unfold D. field. lra. }
  assert (E2 : 6 * (x * y) * / V^4 - (/ (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2) =
      (6 * (x^5 * y^3 * V^0) + 12 * (x^5 * y^2 * V^1) + 6 * (x^5 * y^1 * V^2)
      + 12 * (x^4 * y^4 * V^0) + 48 * (x^4 * y^3 * V^1) + 59 * (x^4 * y^2 * V^2)
      + 22 * (x^4 * y^1 * V^3) + 6 * (x^3 * y^5 * V^0) + 48 * (x^3 * y^4 * V^1)
      + 112 * (x^3 * y^3 * V^2) + 100 * (x^3 * y^2 * V^3) + 28 * (x^3 * y^1 * V^4)
      + 12 * (x^2 * y^5 * V^1) + 59 * (x^2 * y^4 * V^2) + 100 * (x^2 * y^3 * V^3)
      + 66 * (x^2 * y^2 * V^4) + 12 * (x^2 * y^1 * V^5) + 6 * (x^1 * y^5 * V^2)
      + 22 * (x^1 * y^4 * V^3) + 28 * (x^1 * y^3 * V^4) + 12 * (x^1 * y^2 * V^5)) * / (V^2 * D)).
  { unfold D. field. lra. }
  assert (G1 : 0 <= / (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2).
  { rewrite E1. apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
    pose proof (P 4 2 0)%nat. pose proof (P 4 1 1)%nat. pose proof (P 3 3 0)%nat. pose proof (P
    3 2 1)%nat. pose proof (P 3 1 2)%nat. pose proof (P 2 4 0)%nat. pose proof (P 2 3 1)%nat.
    pose proof (P 2 2 2)%nat. pose proof (P 2 1 3)%nat. pose proof (P 1 4 1)%nat. pose proof (P
    1 3 2)%nat. pose proof (P 1 2 3)%nat. pose proof (P 1 1 4)%nat.
    lra. }
  assert (G2 : 0 <= 6 * (x * y) * / V^4
      - (/ (V + x + y)^2 - / (V + x)^2 - / (V + y)^2 + / V^2)).
  { rewrite E2. apply Rmult_le_pos.
    2:{ left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; auto. now apply pow_lt. }
    pose proof (P 5 3 0)%nat. pose proof (P 5 2 1)%nat. pose proof (P 5 1 2)%nat. pose proof (P
    4 4 0)%nat. pose proof (P 4 3 1)%nat. pose proof (P 4 2 2)%nat. pose proof (P 4 1 3)%nat.
    pose proof (P 3 5 0)%nat. pose proof (P 3 4 1)%nat. pose proof (P 3 3 2)%nat. pose proof (P
    3 2 3)%nat. pose proof (P 3 1 4)%nat. pose proof (P 2 5 1)%nat. pose proof (P 2 4 2)%nat.
    pose proof (P 2 3 3)%nat. pose proof (P 2 2 4)%nat. pose proof (P 2 1 5)%nat. pose proof (P
    1 5 2)%nat. pose proof (P 1 4 3)%nat. pose proof (P 1 3 4)%nat. pose proof (P 1 2 5)%nat.
    lra. }
  rewrite Rabs_pos_eq; lra.
Qed.

(* ---- independence for signed functions ---- *)

(* If E[g(Y) H] = E g E H for non-negative g and non-negative H of a class R that
   is closed under positive and negative parts, then for all integrable g, H. *)
Lemma signed_independence {Om T : Type} (P : Expectation Om) (mu : Expectation T)
    (Y : Om -> T) (R : (Om -> R) -> Prop) :
  (forall H, R H -> R (fun o => Rmax (H o) 0)) ->
  (forall H, R H -> R (fun o => Rmax (H o) 0 - H o)) ->
  (forall g H, (forall x, 0 <= g x) -> (forall o, 0 <= H o) -> Int mu g -> R H -> Int P H ->
    Int P (fun o => g (Y o) * H o) /\ Ex P (fun o => g (Y o) * H o) = Ex mu g * Ex P H) ->
  forall g H, Int mu g -> R H -> Int P H ->
    Int P (fun o => g (Y o) * H o) /\ Ex P (fun o => g (Y o) * H o) = Ex mu g * Ex P H.
Proof.
  intros Rp Rn nn g H Ig RH IH.
  assert (N0 : forall x, 0 <= Rmax x 0 - x) by (intros x; pose proof (Rmax_l x 0); lra).
  assert (P0 : forall x, 0 <= Rmax x 0) by (intros; apply Rmax_r).
  destruct (nn (fun x => Rmax (g x) 0) (fun o => Rmax (H o) 0)) as [I1 E1]; auto using Int_pos.
  destruct (nn (fun x => Rmax (g x) 0) (fun o => Rmax (H o) 0 - H o)) as [I2 E2]; auto using Int_pos, Int_neg.
  destruct (nn (fun x => Rmax (g x) 0 - g x) (fun o => Rmax (H o) 0)) as [I3 E3]; auto using Int_pos, Int_neg.
  destruct (nn (fun x => Rmax (g x) 0 - g x) (fun o => Rmax (H o) 0 - H o)) as [I4 E4]; auto using Int_neg.
  assert (J1 := Int_lin P 1 (-1) I1 I2). assert (J2 := Int_lin P (-1) 1 I3 I4).
  assert (J := Int_lin P 1 1 J1 J2).
  assert (D : forall Om' (E : Expectation Om') (F : Om' -> Rdefinitions.R), Int E F ->
    Ex E (fun o => Rmax (F o) 0 - F o) = Ex E (fun o => Rmax (F o) 0) - Ex E F).
  { intros Om' E F IF.
    transitivity (Ex E (fun o => 1 * Rmax (F o) 0 + -1 * F o)).
    - apply Ex_ext; [intros; ring|]. now apply Int_neg.
    - rewrite (Ex_lin E 1 (-1) (Int_pos E IF) IF). ring. }
  rewrite (D _ mu g Ig) in E3, E4. rewrite (D _ P H IH) in E2, E4.
  split.
  - eapply Int_ext; [|exact J]. intros o; simpl; ring.
  - eapply eq_trans; [apply Ex_ext with (Y := fun o =>
      1 * (1 * (Rmax (g (Y o)) 0 * Rmax (H o) 0) + -1 * (Rmax (g (Y o)) 0 * (Rmax (H o) 0 - H o)))
      + 1 * (-1 * ((Rmax (g (Y o)) 0 - g (Y o)) * Rmax (H o) 0)
         + 1 * ((Rmax (g (Y o)) 0 - g (Y o)) * (Rmax (H o) 0 - H o))))|].
    + intros o; ring.
    + eapply Int_ext; [|exact J]. intros o; simpl; ring.
    + rewrite (Ex_lin P 1 1 J1 J2), (Ex_lin P 1 (-1) I1 I2), (Ex_lin P (-1) 1 I3 I4), E1, E2, E3, E4.
      ring.
Qed.
